import { instantOf } from '../../derReader.ts'
import { millis } from '../parseCertificate.ts'
import { yearsAfter } from '../yearsAfter.ts'
import { type CrlFacts, type CrlRule, same, unless } from '../rule.ts'

const endOfTime = '9999-12-31T23:59:59Z'

/** A root's list may wait a year, an issuing authority's as long as the policy says. */
const latest = (from: number, { issuer, policy }: CrlFacts): number =>
  same(issuer.subject.der, issuer.issuer.der)
    ? yearsAfter(from, 1)
    : from + policy.crl.validityHours * 3_600_000

export const crlPeriod: CrlRule = {
  name: 'crlPeriod',
  citation: 'CGU-87; EN 319 411-1 CSS-6.3.9-05, -06, -12; decision D2',
  appliesTo: ['crl'],
  check: ({ thisUpdate, nextUpdate }, facts) =>
    facts.last
      ? unless(instantOf(nextUpdate) === endOfTime, 'the last list has no end')
      : unless(
          millis(nextUpdate) <= latest(millis(thisUpdate), facts),
          'nextUpdate is later than the policy allows',
        ),
}
