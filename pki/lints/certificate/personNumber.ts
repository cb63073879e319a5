import { attributeText } from '../attributeText.ts'
import { oids } from '../oids.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const personNumber: CertificateRule = {
  name: 'personNumber',
  citation: 'EN 319 412-2 NAT-4.2.4-2; RGS A2 III.1.5; regulation.md 2.1',
  appliesTo: ['holder'],
  check: (parsed) =>
    unless(
      /^[0-9a-f]{32}$/.test(attributeText(parsed, oids.serialNumber)),
      'serialNumber is not 32 hex digits',
    ),
}
