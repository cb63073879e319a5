import { algorithmOf } from '../algorithmOf.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

export const signatureAlgorithm: CertificateRule = {
  name: 'signatureAlgorithm',
  citation: 'RFC 5280 4.1.1.2, 4.1.2.3; RGS B1; regulation.md 2.6',
  appliesTo: everyCertificate,
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
