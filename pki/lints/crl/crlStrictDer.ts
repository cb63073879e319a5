import { derFaults, derFaultsIn } from '../derFaults.ts'
import { type CrlRule } from '../rule.ts'

export const crlStrictDer: CrlRule = {
  name: 'crlStrictDer',
  citation: 'X.690 8 to 11; RFC 5280 5.1',
  appliesTo: ['crl'],
  check: ({ head, extensions }) => [
    ...head.flatMap(derFaults),
    ...extensions.flatMap(({ value }) => derFaultsIn(value)),
  ],
}
