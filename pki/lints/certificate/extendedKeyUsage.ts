import { ExtendedKeyUsage } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const extendedKeyUsage: CertificateRule = {
  name: 'extendedKeyUsage',
  citation: 'RFC 5280 4.2.1.12; RFC 6960 4.2.2.2; EN 319 412-2 GEN-4.3.10-1',
  appliesTo: ['holder', 'ocspResponder'],
  check: (parsed, { policy, profile }) => {
    const found = decodedItems(parsed, oids.extendedKeyUsage, ExtendedKeyUsage).join()
    const holders = policy.holder.emailProtection ? oids.emailProtection : ''
    const expected = profile === 'ocspResponder' ? oids.ocspSigning : holders
    return unless(found === expected, `not exactly ${expected || 'none'}`)
  },
}
