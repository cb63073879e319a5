import { KeyUsage } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, type Profile, unless } from '../rule.ts'

/** @peculiar writes the last one `crlSign`. */
const expected: Readonly<Record<Profile, string>> = {
  root: 'keyCertSign crlSign',
  issuingCa: 'digitalSignature keyCertSign crlSign',
  holder: 'keyEncipherment',
  ocspResponder: 'digitalSignature',
}

export const keyUsage: CertificateRule = {
  name: 'keyUsage',
  citation: 'RGS A4 II.1, II.2.2, II.3.2; EN 319 412-2 NAT-4.3.2-1; CGU-108; decision D9',
  appliesTo: everyCertificate,
  check: (parsed, { profile }) => {
    const found = decoded(parsed, oids.keyUsage, KeyUsage)?.toJSON() ?? []
    return unless(
      found.sort().join(' ') === expected[profile].split(' ').sort().join(' '),
      `not exactly ${expected[profile]}`,
    )
  },
}
