import { expectedExtensions } from '../expectedExtensions.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

export const extensionsAllowed: CertificateRule = {
  name: 'extensionsAllowed',
  citation: 'RGS A4 II; EN 319 412-2 GEN-4.3.4, -8, -9, -12; CSS-6.6.3-01B; RFC 9608',
  appliesTo: everyCertificate,
  check: ({ extensions }, { profile }) => {
    const { required, optional } = expectedExtensions[profile]
    return extensions
      .filter(({ oid }) => !required.includes(oid) && !optional.includes(oid))
      .map(({ oid }) => `${oid} has no place here`)
  },
}
