import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type CertificateRule, same, unless } from '../rule.ts'

export const ocspNoCheck: CertificateRule = {
  name: 'ocspNoCheck',
  citation: 'RFC 6960 4.2.2.2.1; EN 319 411-1 CSS-6.6.3-01A',
  appliesTo: ['ocspResponder'],
  check: (parsed) =>
    unless(same(extensionValue(parsed, oids.noCheck), Uint8Array.of(0x05, 0x00)), 'not NULL'),
}
