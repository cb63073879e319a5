import { algorithmOf } from '../algorithmOf.ts'
import { type CrlRule, same, unless } from '../rule.ts'

export const crlAlgorithm: CrlRule = {
  name: 'crlAlgorithm',
  citation: 'RFC 5280 5.1.1.2, 5.1.2.2; RGS B1',
  appliesTo: ['crl'],
  check: ({ algorithm, outerAlgorithm }, facts) => [
    ...unless(algorithmOf(algorithm) !== undefined, 'algorithm not allowed'),
    ...unless(
      facts.algorithm === undefined || algorithmOf(algorithm) === facts.algorithm,
      'not the algorithm of the key that signs',
    ),
    ...unless(
      outerAlgorithm === undefined || same(outerAlgorithm.der, algorithm.der),
      'differs from the one outside',
    ),
  ],
}
