import { BasicConstraints } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const basicConstraints: CertificateRule = {
  name: 'basicConstraints',
  citation: 'RFC 5280 4.2.1.9; RGS A4 II.1; CGU-13',
  appliesTo: ['root', 'issuingCa'],
  check: (parsed, { profile }) => {
    const found = decoded(parsed, oids.basicConstraints, BasicConstraints)
    return [
      ...unless(found?.cA === true, 'not an authority'),
      ...unless(
        found?.pathLenConstraint === (profile === 'root' ? undefined : 0),
        profile === 'root' ? 'a root sets no path length' : 'path length is not 0',
      ),
    ]
  },
}
