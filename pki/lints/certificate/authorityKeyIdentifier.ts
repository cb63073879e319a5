import { AuthorityKeyIdentifier } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded, subjectKeyId } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

export const authorityKeyIdentifier: CertificateRule = {
  name: 'authorityKeyIdentifier',
  citation: 'RFC 5280 4.2.1.1; EN 319 412-2 GEN-4.3.1-1',
  appliesTo: everyCertificate,
  check: (parsed, { issuer }) => {
    const aki = decoded(parsed, oids.authorityKeyIdentifier, AuthorityKeyIdentifier)
    if (aki === undefined) return []
    return [
      ...unless(
        aki.authorityCertIssuer === undefined && aki.authorityCertSerialNumber === undefined,
        'more than keyIdentifier',
      ),
      ...unless(
        aki.keyIdentifier !== undefined &&
          same(new Uint8Array(aki.keyIdentifier.buffer), subjectKeyId(issuer ?? parsed)),
        "not the issuer's subjectKeyIdentifier",
      ),
    ]
  },
}
