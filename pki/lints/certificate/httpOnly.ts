import { AuthorityInfoAccessSyntax, CRLDistributionPoints } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateRule } from '../rule.ts'

export const httpOnly: CertificateRule = {
  name: 'httpOnly',
  citation: 'RFC 5280 8',
  appliesTo: ['issuingCa', 'holder'],
  check: (parsed) => {
    const access = decodedItems(parsed, oids.authorityInfoAccess, AuthorityInfoAccessSyntax)
    const points = decodedItems(parsed, oids.crlDistributionPoints, CRLDistributionPoints)
    const names = [
      ...access.map(({ accessLocation }) => accessLocation),
      ...points.flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? []),
    ]
    return names
      .filter((name) => name.uniformResourceIdentifier?.startsWith('http://') !== true)
      .map(() => 'a URL that is not http')
  },
}
