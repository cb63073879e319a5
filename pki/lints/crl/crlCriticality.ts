import { type CrlRule } from '../rule.ts'

export const crlCriticality: CrlRule = {
  name: 'crlCriticality',
  citation: 'RFC 5280 5.2.1, 5.2.3; X.509 9.5.2.8; X.690 11.5',
  appliesTo: ['crl'],
  check: ({ extensions }) =>
    extensions
      .filter(({ criticalField }) => criticalField !== undefined)
      .map(({ oid }) => `${oid} says whether it is critical, and must not be`),
}
