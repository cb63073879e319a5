import { BasicConstraints, KeyUsage } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, everySubordinate, unless } from '../rule.ts'

export const issuerMaySign: CertificateRule = {
  name: 'issuerMaySign',
  citation: 'RFC 5280 4.2.1.3, 4.2.1.9',
  appliesTo: everySubordinate,
  check: (_, { issuer }) => {
    if (issuer === undefined) return ['no issuer given']
    const usage = decoded(issuer, oids.keyUsage, KeyUsage)?.toJSON() ?? []
    return [
      ...unless(usage.includes('keyCertSign'), 'the issuer may not sign certificates'),
      ...unless(
        decoded(issuer, oids.basicConstraints, BasicConstraints)?.cA === true,
        'the issuer is no authority',
      ),
    ]
  },
}
