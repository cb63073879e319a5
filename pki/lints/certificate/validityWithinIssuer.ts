import { millis } from '../parseCertificate.ts'
import { type CertificateRule, everySubordinate, unless } from '../rule.ts'

export const validityWithinIssuer: CertificateRule = {
  name: 'validityWithinIssuer',
  citation: 'RGS A2 VI.3.2; EN 319 411-1 GEN-6.3.3-05',
  appliesTo: everySubordinate,
  check: ({ validity: [from, to] }, { issuer }) => [
    ...unless(millis(from) >= millis(issuer?.validity[0]), 'begins before its issuer'),
    ...unless(millis(to) <= millis(issuer?.validity[1]), 'ends after its issuer'),
  ],
}
