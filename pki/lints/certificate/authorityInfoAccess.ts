import { AuthorityInfoAccessSyntax } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateFacts, type CertificateRule, unless } from '../rule.ts'

const expected = ({ policy, profile }: CertificateFacts): readonly string[] => {
  const { ocsp, caIssuers, rootCertificate } = policy.publication
  return profile === 'holder'
    ? [...ocsp.map((url) => `${oids.ocsp} ${url}`), ...caIssuers.map((url) => `${oids.caIssuers} ${url}`)]
    : rootCertificate.map((url) => `${oids.caIssuers} ${url.replace('https://', 'http://')}`)
}

export const authorityInfoAccess: CertificateRule = {
  name: 'authorityInfoAccess',
  citation: 'RFC 5280 4.2.2.1; CGU-105, CGU-107; EN 319 412-2 GEN-4.4.1-2 to -7',
  appliesTo: ['issuingCa', 'holder'],
  check: (parsed, facts) => {
    const found = decodedItems(parsed, oids.authorityInfoAccess, AuthorityInfoAccessSyntax)
    const lines = found.map(
      ({ accessMethod, accessLocation }) =>
        `${accessMethod} ${accessLocation.uniformResourceIdentifier ?? ''}`,
    )
    return unless(lines.join('\n') === expected(facts).join('\n'), 'not those of the policy, in their order')
  },
}
