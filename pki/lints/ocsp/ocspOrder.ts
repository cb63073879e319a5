import { children } from '../../derReader.ts'
import { millis } from '../parseCertificate.ts'
import { type OcspRule, unless } from '../rule.ts'

export const ocspOrder: OcspRule = {
  name: 'ocspOrder',
  citation: 'RFC 6960 2.4, 4.2.2.1',
  appliesTo: ['ocsp'],
  check: ({ producedAt, responses }) =>
    responses.flatMap(({ status, thisUpdate, nextUpdate }) => [
      ...unless(millis(thisUpdate) <= millis(producedAt), 'produced before the status was known'),
      ...unless(millis(producedAt) < millis(nextUpdate), 'produced when newer status is due'),
      ...unless(
        status.tag !== 0xa1 || millis(children(status)[0]) <= millis(producedAt),
        'revoked after the response was produced',
      ),
    ]),
}
