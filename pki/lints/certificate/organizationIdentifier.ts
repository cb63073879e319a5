import { attributeText } from '../attributeText.ts'
import { oids } from '../oids.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const organizationIdentifier: CertificateRule = {
  name: 'organizationIdentifier',
  citation: 'EN 319 412-1 5.1.4; EN 319 412-2 GEN-4.2.3.1-2',
  appliesTo: ['root', 'issuingCa', 'ocspResponder'],
  check: (parsed) => {
    const siren = attributeText(parsed, oids.organizationalUnit).slice(-9)
    return unless(
      attributeText(parsed, oids.organizationIdentifier) === `NTRFR-${siren}`,
      'not NTRFR- and the SIREN',
    )
  },
}
