import { instantOf } from '../../derReader.ts'
import { type CrlEntryRule } from '../rule.ts'

export const entryDate: CrlEntryRule = {
  name: 'entryDate',
  citation: 'RFC 5280 5.1.2.6; CGU-79',
  appliesTo: ['crl'],
  checkEntries: ({ thisUpdate }) => {
    const made = instantOf(thisUpdate)
    return ({ date }) => {
      const revoked = instantOf(date)
      if ((date.tag === 0x17) !== revoked < '2050') return 'the wrong kind of time for the year'
      return revoked <= made ? undefined : 'revoked after the list was made'
    }
  },
}
