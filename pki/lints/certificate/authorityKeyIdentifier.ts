import type { OctetString } from '@peculiar/asn1-schema'
import { AuthorityKeyIdentifier, SubjectKeyIdentifier } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

const bytes = (value: OctetString | undefined): Uint8Array | undefined =>
  value && new Uint8Array(value.buffer)

export const authorityKeyIdentifier: CertificateRule = {
  name: 'authorityKeyIdentifier',
  citation: 'RFC 5280 4.2.1.1; EN 319 412-2 GEN-4.3.1-1',
  appliesTo: everyCertificate,
  check: (parsed, { issuer }) => {
    const aki = decoded(parsed, oids.authorityKeyIdentifier, AuthorityKeyIdentifier)
    if (aki === undefined) return []
    const ski = decoded(issuer ?? parsed, oids.subjectKeyIdentifier, SubjectKeyIdentifier)
    return [
      ...unless(
        aki.authorityCertIssuer === undefined && aki.authorityCertSerialNumber === undefined,
        'more than keyIdentifier',
      ),
      ...unless(same(bytes(aki.keyIdentifier), bytes(ski)), "not the issuer's subjectKeyIdentifier"),
    ]
  },
}
