import { timeFaults } from '../timeFaults.ts'
import { type CrlRule } from '../rule.ts'

export const crlDates: CrlRule = {
  name: 'crlDates',
  citation: 'RFC 5280 5.1.2.4, 5.1.2.5',
  appliesTo: ['crl'],
  check: ({ thisUpdate, nextUpdate }) => [
    ...timeFaults(thisUpdate),
    ...(nextUpdate ? timeFaults(nextUpdate) : ['nextUpdate is missing']),
  ],
}
