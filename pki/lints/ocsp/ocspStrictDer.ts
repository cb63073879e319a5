import { derFaults, derFaultsIn } from '../derFaults.ts'
import { type OcspRule } from '../rule.ts'

export const ocspStrictDer: OcspRule = {
  name: 'ocspStrictDer',
  citation: 'X.690 8 to 11',
  appliesTo: ['ocsp'],
  check: ({ der, extensions, responses }) => [
    ...derFaults(der),
    ...[extensions, ...responses.map((response) => response.extensions)]
      .flat()
      .flatMap(({ value }) => derFaultsIn(value)),
  ],
}
