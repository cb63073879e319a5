import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const uniqueIdentifiers: CertificateRule = {
  name: 'uniqueIdentifiers',
  citation: 'RGS A4 II; RFC 5280 4.1.2.8',
  appliesTo: everyCertificate,
  check: ({ trailing }) => [
    ...unless(!trailing.some((tag) => (tag & 0x1f) === 1 || (tag & 0x1f) === 2), 'unique identifier'),
    ...unless(trailing.filter((tag) => tag === 0xa3).length === 1, 'one field of extensions expected'),
    ...unless(
      trailing.every((tag) => [0x81, 0x82, 0xa3].includes(tag)),
      'unknown field',
    ),
  ],
}
