import { type CrlRule, unless } from '../rule.ts'

export const crlNoEmptyList: CrlRule = {
  name: 'crlNoEmptyList',
  citation: 'RFC 5280 5.1.2.6',
  appliesTo: ['crl'],
  check: ({ revoked }) => unless(revoked?.content.length !== 0, 'revokedCertificates is there, and empty'),
}
