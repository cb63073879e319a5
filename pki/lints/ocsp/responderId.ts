import { createHash } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import { expect, only } from '../../derReader.ts'
import { type OcspRule, same, unless } from '../rule.ts'

export const responderId: OcspRule = {
  name: 'responderId',
  citation: 'RFC 9919 3.2.4; RFC 6960 4.2.1',
  appliesTo: ['ocsp'],
  check: ({ responderId }, { responder }) => {
    const { subjectPublicKey } = AsnConvert.parse(responder.spki.der, SubjectPublicKeyInfo)
    const hash = createHash('sha1').update(new Uint8Array(subjectPublicKey)).digest()
    return unless(
      responderId.tag === 0xa2 && same(expect(only(responderId), 0x04).content, hash),
      'not byKey with the SHA-1 of the key that signs',
    )
  },
}
