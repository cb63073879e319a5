import { BasicConstraints } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const pathLength: CertificateRule = {
  name: 'pathLength',
  citation: 'RFC 5280 4.2.1.9, 6.1.4; CGU-13',
  appliesTo: ['issuingCa'],
  check: (_, { issuer }) => {
    const limit = issuer && decoded(issuer, oids.basicConstraints, BasicConstraints)?.pathLenConstraint
    return unless(limit !== 0, 'the issuer may not certify an authority')
  },
}
