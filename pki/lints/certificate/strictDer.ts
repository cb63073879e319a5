import { derFaults, derFaultsIn } from '../derFaults.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

export const strictDer: CertificateRule = {
  name: 'strictDer',
  citation: 'X.690 8 to 11; RFC 5280 4.1',
  appliesTo: everyCertificate,
  check: ({ der, extensions }) => [
    ...derFaults(der),
    ...extensions.flatMap(({ value }) => derFaultsIn(value)),
  ],
}
