import { integerHex } from '../../derReader.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const version: CertificateRule = {
  name: 'version',
  citation: 'RFC 5280 4.1.2.1',
  appliesTo: everyCertificate,
  check: ({ version }) => unless(integerHex(version) === '02', 'not version 3'),
}
