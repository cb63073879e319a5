// CGU-46: recoveries by their legal ground and what became of them. Counts alone: a ground is data on a person.
import { text, type Seen } from './seen.ts'

const outcomes: Readonly<Record<string, string>> = {
  RecoveryRejected: 'rejected',
  RecoveryClosed: 'closed',
  RecoveryDelivered: 'delivered',
  KeyRecovered: 'executed',
}

export type RecoveryCount = Readonly<{ ground: string; outcome: string; count: number }>

export type Recoveries = Readonly<{
  /** @param ground of a request: as it was opened, `destroyed`, or `sealed` */
  asked: (seen: Seen, ground: string) => void
  take: (seen: Seen) => void
  counted: () => readonly RecoveryCount[]
}>

/** Follows the recoveries that were asked for in the period. */
export const openRecoveries = (): Recoveries => {
  const files = new Map<string, { ground: string; outcome: string }>()
  return {
    asked: ({ id }, ground) => {
      files.set(id, { ground, outcome: 'pending' })
    },
    take: (seen) => {
      const file = files.get(seen.aggregate === 'key' ? text(seen, 'recovery') : seen.id)
      const outcome = outcomes[seen.type]
      if (file !== undefined && outcome !== undefined) file.outcome = outcome
    },
    counted: () => {
      const counts = new Map<string, number>()
      for (const { ground, outcome } of files.values())
        counts.set(`${ground} ${outcome}`, (counts.get(`${ground} ${outcome}`) ?? 0) + 1)
      return [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, count]) => {
          const [ground = '', outcome = ''] = key.split(' ')
          return { ground, outcome, count }
        })
    },
  }
}
