import { oids } from '../oids.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

const critical: readonly string[] = [oids.keyUsage, oids.basicConstraints]

export const criticality: CertificateRule = {
  name: 'criticality',
  citation: 'RFC 5280 4.2.1; RGS A4 II; EN 319 412-2 4.3',
  appliesTo: everyCertificate,
  check: ({ extensions }) =>
    extensions
      .filter((extension) => extension.critical !== critical.includes(extension.oid))
      .map(({ oid }) => `${oid} must${critical.includes(oid) ? '' : ' not'} be critical`),
}
