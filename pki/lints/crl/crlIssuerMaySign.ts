import { KeyUsage } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CrlRule, unless } from '../rule.ts'

export const crlIssuerMaySign: CrlRule = {
  name: 'crlIssuerMaySign',
  citation: 'RFC 5280 4.2.1.3',
  appliesTo: ['crl'],
  check: (_, { issuer }) =>
    unless(
      decoded(issuer, oids.keyUsage, KeyUsage)?.toJSON().includes('crlSign') === true,
      'the issuer may not sign lists',
    ),
}
