import { createHash } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { SubjectKeyIdentifier, SubjectPublicKeyInfo } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

export const subjectKeyIdentifier: CertificateRule = {
  name: 'subjectKeyIdentifier',
  citation: 'RFC 5280 4.2.1.2 method 1',
  appliesTo: everyCertificate,
  check: (parsed) => {
    const { subjectPublicKey } = AsnConvert.parse(parsed.spki.der, SubjectPublicKeyInfo)
    const expected = createHash('sha1').update(new Uint8Array(subjectPublicKey)).digest()
    const found = decoded(parsed, oids.subjectKeyIdentifier, SubjectKeyIdentifier)
    return unless(
      found === undefined || same(new Uint8Array(found.buffer), expected),
      'not the SHA-1 of the key',
    )
  },
}
