import { millis } from '../parseCertificate.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const responderValidity: CertificateRule = {
  name: 'responderValidity',
  citation: 'RFC 6960 4.2.2.2.1; policy: ocsp.certificateDays',
  appliesTo: ['ocspResponder'],
  check: ({ validity: [from, to] }, { policy }) =>
    unless(
      millis(to) - millis(from) <= policy.ocsp.certificateDays * 86_400_000,
      'longer than the policy allows',
    ),
}
