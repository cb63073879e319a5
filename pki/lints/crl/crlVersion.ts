import { type CrlRule, same, unless } from '../rule.ts'

export const crlVersion: CrlRule = {
  name: 'crlVersion',
  citation: 'RFC 5280 5.1.2.1',
  appliesTo: ['crl'],
  check: ({ version }) => unless(same(version?.der, Uint8Array.of(2, 1, 1)), 'not version 2'),
}
