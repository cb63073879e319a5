import { millis } from '../parseCertificate.ts'
import { yearsAfter } from '../yearsAfter.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const holderValidity: CertificateRule = {
  name: 'holderValidity',
  citation: 'CGU-18; RGS A2 VI.3.2; events.md 6',
  appliesTo: ['holder'],
  check: ({ validity: [from, to] }, { policy }) => {
    const end = yearsAfter(millis(from), policy.holder.validityYears) - 1000
    return unless(millis(to) === end, 'not exactly three civil years, the last second included')
  },
}
