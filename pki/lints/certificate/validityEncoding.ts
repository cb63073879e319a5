import { timeFaults } from '../timeFaults.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const validityEncoding: CertificateRule = {
  name: 'validityEncoding',
  citation: 'RFC 5280 4.1.2.5',
  appliesTo: everyCertificate,
  check: ({ validity }) => [
    ...unless(validity.length === 2, 'two dates expected'),
    ...validity.flatMap(timeFaults),
  ],
}
