import { expectedExtensions } from '../expectedExtensions.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

export const extensionsRequired: CertificateRule = {
  name: 'extensionsRequired',
  citation: 'RGS A4 II; RFC 5280 4.2.1.1, 4.2.1.2; RFC 6960 4.2.2.2; regulation.md 2',
  appliesTo: everyCertificate,
  check: ({ extensions }, { profile }) =>
    expectedExtensions[profile].required
      .filter((oid) => !extensions.some((extension) => extension.oid === oid))
      .map((oid) => `${oid} is missing`),
}
