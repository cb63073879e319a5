import { read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const keyUsageBits: CertificateRule = {
  name: 'keyUsageBits',
  citation: 'X.690 11.2.2',
  appliesTo: everyCertificate,
  check: (parsed) => {
    const [unused = 0, ...octets] = read(extensionValue(parsed, oids.keyUsage) ?? new Uint8Array()).content
    const last = octets.at(-1) ?? 0
    return unless(((last >> unused) & 1) === 1, 'zero bits at the end')
  },
}
