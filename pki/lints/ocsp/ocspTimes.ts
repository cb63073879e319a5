import { children } from '../../derReader.ts'
import { generalizedTimeFaults } from '../timeFaults.ts'
import { type OcspRule } from '../rule.ts'

export const ocspTimes: OcspRule = {
  name: 'ocspTimes',
  citation: 'RFC 6960 4.2.2.1; RFC 9919 3.2.4',
  appliesTo: ['ocsp'],
  check: ({ producedAt, responses }) => [
    ...generalizedTimeFaults(producedAt),
    ...responses.flatMap(({ status, thisUpdate, nextUpdate }) => [
      ...generalizedTimeFaults(thisUpdate),
      ...(nextUpdate ? generalizedTimeFaults(nextUpdate) : ['nextUpdate is missing']),
      ...(status.tag === 0xa1 ? generalizedTimeFaults(children(status)[0]) : []),
    ]),
  ],
}
