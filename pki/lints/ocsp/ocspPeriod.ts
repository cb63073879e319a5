import { instantOf } from '../../derReader.ts'
import { millis } from '../parseCertificate.ts'
import { type OcspRule, unless } from '../rule.ts'

const endOfTime = '9999-12-31T23:59:59Z'

export const ocspPeriod: OcspRule = {
  name: 'ocspPeriod',
  citation: 'CGU-88; RFC 9919 3.2.4; policy: ocsp.responseMinutes',
  appliesTo: ['ocsp'],
  check: ({ responses }, { policy, last }) =>
    responses.flatMap(({ thisUpdate, nextUpdate }) =>
      last
        ? unless(instantOf(nextUpdate) === endOfTime, 'a last response has no end')
        : unless(
            millis(nextUpdate) - millis(thisUpdate) <= policy.ocsp.responseMinutes * 60_000,
            'nextUpdate is later than the policy allows',
          ),
    ),
}
