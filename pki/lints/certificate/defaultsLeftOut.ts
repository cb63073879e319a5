import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

const caFalse = Uint8Array.of(0x30, 0x03, 0x01, 0x01, 0x00)

export const defaultsLeftOut: CertificateRule = {
  name: 'defaultsLeftOut',
  citation: 'X.690 11.5; RFC 5280 4.1',
  appliesTo: everyCertificate,
  check: (parsed) => [
    ...parsed.extensions
      .filter(({ criticalField }) => criticalField?.content[0] === 0)
      .map(({ oid }) => `${oid} says critical FALSE`),
    ...unless(
      !same(extensionValue(parsed, oids.basicConstraints), caFalse),
      'basicConstraints says cA FALSE',
    ),
  ],
}
