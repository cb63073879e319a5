import { attributeText } from '../attributeText.ts'
import { oids } from '../oids.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const authorityIdentity: CertificateRule = {
  name: 'authorityIdentity',
  citation: 'policy: root, issuing; CGU-01, CGU-13',
  appliesTo: ['root', 'issuingCa'],
  check: (parsed, { policy, profile }) => {
    const { country, organization, siren, commonName } = profile === 'root' ? policy.root : policy.issuing
    return [
      ...unless(attributeText(parsed, oids.country) === country, 'not the country of the policy'),
      ...unless(attributeText(parsed, oids.organization) === organization, 'not its organization'),
      ...unless(attributeText(parsed, oids.organizationalUnit) === `0002 ${siren}`, 'not its SIREN'),
      ...unless(
        attributeText(parsed, oids.commonName).replace(/^TEST /, '') === commonName,
        'not its common name',
      ),
    ]
  },
}
