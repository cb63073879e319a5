import { CertificatePolicies } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateFacts, type CertificateRule, everySubordinate, unless } from '../rule.ts'

const expected = ({ policy, profile }: CertificateFacts): string => {
  if (profile === 'holder') return policy.holder.policyOid
  return profile === 'ocspResponder' ? policy.ocsp.policyOid : oids.anyPolicy
}

export const certificatePolicies: CertificateRule = {
  name: 'certificatePolicies',
  citation: 'RFC 5280 4.2.1.4; CGU-02, CGU-11; EN 319 412-2 GEN-4.3.3-2; regulation.md 2.5',
  appliesTo: everySubordinate,
  check: (parsed, facts) => {
    const found = decodedItems(parsed, oids.certificatePolicies, CertificatePolicies)
    return unless(
      found.map(({ policyIdentifier }) => policyIdentifier).join() === expected(facts),
      `not ${expected(facts)} alone, once`,
    )
  },
}
