import { millis } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const validityOrder: CertificateRule = {
  name: 'validityOrder',
  citation: 'RFC 5280 4.1.2.5',
  appliesTo: everyCertificate,
  check: ({ validity: [from, to] }) => unless(millis(from) < millis(to), 'ends before it begins'),
}
