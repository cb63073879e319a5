import { millis } from '../parseCertificate.ts'
import { yearsAfter } from '../yearsAfter.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const authorityValidity: CertificateRule = {
  name: 'authorityValidity',
  citation: 'policy: root.validityYears, issuing.validityYears',
  appliesTo: ['root', 'issuingCa'],
  check: ({ validity: [from, to] }, { policy, profile }) => {
    const years = (profile === 'root' ? policy.root : policy.issuing).validityYears
    return unless(millis(to) <= yearsAfter(millis(from), years), 'longer than the policy allows')
  },
}
