import { CRLDistributionPoints } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const crlDistributionPoints: CertificateRule = {
  name: 'crlDistributionPoints',
  citation: 'RFC 5280 4.2.1.13; CGU-106; EN 319 412-2 GEN-4.3.11-3, -4',
  appliesTo: ['issuingCa', 'holder'],
  check: (parsed, { policy, profile }) => {
    const points = decodedItems(parsed, oids.crlDistributionPoints, CRLDistributionPoints)
    const urls = profile === 'holder' ? policy.publication.crl : policy.publication.rootCrl
    const names = points[0]?.distributionPoint?.fullName?.map((name) => name.uniformResourceIdentifier)
    return [
      ...unless(points.length === 1, 'one distribution point expected'),
      ...unless(!points.some(({ reasons, cRLIssuer }) => reasons ?? cRLIssuer), 'reasons or cRLIssuer'),
      ...unless(names?.join(' ') === urls.join(' '), 'not the URLs of the policy, in their order'),
    ]
  },
}
