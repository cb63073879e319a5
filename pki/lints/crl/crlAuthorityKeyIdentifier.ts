import { AuthorityKeyIdentifier } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded, subjectKeyId } from '../parseExtensions.ts'
import { type CrlRule, same, unless } from '../rule.ts'

export const crlAuthorityKeyIdentifier: CrlRule = {
  name: 'crlAuthorityKeyIdentifier',
  citation: 'RFC 5280 5.2.1',
  appliesTo: ['crl'],
  check: (parsed, { issuer }) => {
    const aki = decoded(parsed, oids.authorityKeyIdentifier, AuthorityKeyIdentifier)
    const ski = subjectKeyId(issuer)
    if (aki?.keyIdentifier === undefined || ski === undefined) return ['keyIdentifier is missing']
    return [
      ...unless(
        aki.authorityCertIssuer === undefined && aki.authorityCertSerialNumber === undefined,
        'more than keyIdentifier',
      ),
      ...unless(same(new Uint8Array(aki.keyIdentifier.buffer), ski), "not the issuer's subjectKeyIdentifier"),
    ]
  },
}
