import { type OcspRule, unless } from '../rule.ts'

export const ocspVersion: OcspRule = {
  name: 'ocspVersion',
  citation: 'RFC 6960 4.2.1; X.690 11.5',
  appliesTo: ['ocsp'],
  check: ({ version }) => unless(version === undefined, 'the default version is written'),
}
