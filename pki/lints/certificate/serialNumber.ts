import { integerHex } from '../../derReader.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const serialNumber: CertificateRule = {
  name: 'serialNumber',
  citation: 'RFC 5280 4.1.2.2; RGS A4 II.2.1; EN 319 411-1 GEN-6.3.3-02A; events.md 6',
  appliesTo: everyCertificate,
  check: ({ serial }) => [
    ...unless(!/^(00)*$|^[89a-f]/.test(integerHex(serial)), 'not positive'),
    ...unless(serial.content.length <= 20, 'more than 20 octets'),
    ...unless(/^[4-7][0-9a-f]{31}$/.test(integerHex(serial)), 'not 16 octets with 126 random bits'),
  ],
}
