import { createHash } from 'node:crypto'
import { expect, only } from '../../derReader.ts'
import { keyOctets } from '../parseCertificate.ts'
import { type OcspRule, same, unless } from '../rule.ts'

export const responderId: OcspRule = {
  name: 'responderId',
  citation: 'RFC 9919 3.2.4; RFC 6960 4.2.1',
  appliesTo: ['ocsp'],
  check: ({ responderId }, { responder }) => {
    const hash = createHash('sha1').update(keyOctets(responder.spki)).digest()
    return unless(
      responderId.tag === 0xa2 && same(expect(only(responderId), 0x04).content, hash),
      'not byKey with the SHA-1 of the key that signs',
    )
  },
}
