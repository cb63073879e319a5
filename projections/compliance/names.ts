// Who is behind a journal: opened from its first event, when names were asked for and there are keys, and then only.
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { idOf } from '../projection.ts'

export type Names = Readonly<{
  take: (entry: Entry) => Promise<void>
  /** The account and the person of a journal, or nothing. */
  of: (journal: string) => Readonly<{ who?: string }>
}>

/** @param asked false: it opens nothing and knows nobody */
export const openNames = (ledger: Pick<Ledger, 'open'>, asked: boolean): Names => {
  const owners = new Map<string, string>()
  return {
    take: async (entry) => {
      if (!asked || entry.type !== 'JournalOpened') return
      const { sealed } = await ledger.open(entry)
      const words = ['account', 'component', 'appointment', 'person'].flatMap((field) => {
        const value = sealed[field]
        return typeof value === 'string' ? [value] : []
      })
      owners.set(idOf(entry.stream), words.length === 0 ? 'détruit' : words.join(' '))
    },
    of: (journal) => {
      const who = owners.get(journal)
      return who === undefined ? {} : { who }
    },
  }
}
