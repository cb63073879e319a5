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
  asked: (seen: Seen, ground: string, inPeriod: boolean) => void
  take: (seen: Seen, inPeriod: boolean) => void
  counted: () => readonly RecoveryCount[]
}>

/** Follows the recoveries; those count that were asked for in the period, or came to something in it. */
export const openRecoveries = (): Recoveries => {
  const files = new Map<string, { ground: string; outcome: string; counts: boolean }>()
  return {
    asked: ({ id }, ground, inPeriod) => {
      files.set(id, { ground, outcome: 'pending', counts: inPeriod })
    },
    take: (seen, inPeriod) => {
      const file = files.get(seen.aggregate === 'key' ? text(seen, 'recovery') : seen.id)
      const outcome = outcomes[seen.type]
      if (file === undefined || outcome === undefined) return
      file.outcome = outcome
      file.counts ||= inPeriod
    },
    counted: () => {
      const counts = new Map<string, number>()
      for (const { ground, outcome } of [...files.values()].filter((file) => file.counts))
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
