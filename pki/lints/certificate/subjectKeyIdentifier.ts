import { createHash } from 'node:crypto'
import { keyOctets } from '../parseCertificate.ts'
import { subjectKeyId } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

export const subjectKeyIdentifier: CertificateRule = {
  name: 'subjectKeyIdentifier',
  citation: 'RFC 5280 4.2.1.2 method 1',
  appliesTo: everyCertificate,
  check: (parsed) => {
    const expected = createHash('sha1').update(keyOctets(parsed.spki)).digest()
    const found = subjectKeyId(parsed)
    return unless(found === undefined || same(found, expected), 'not the SHA-1 of the key')
  },
}
