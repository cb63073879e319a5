import { millis } from '../parseCertificate.ts'
import { type CrlRule, unless } from '../rule.ts'

export const crlOrder: CrlRule = {
  name: 'crlOrder',
  citation: 'RFC 5280 5.1.2.5',
  appliesTo: ['crl'],
  check: ({ thisUpdate, nextUpdate }) =>
    unless(millis(thisUpdate) < millis(nextUpdate), 'nextUpdate is not after thisUpdate'),
}
