// Other clocks beside ours. CRLs, OCSP answers and every event have an instant of ours: a clock that is wrong makes all of them wrong.
import { entryOf, isSystem } from '../ledger/body.ts'
import type { EventStore } from '../ledger/store.ts'
import { databaseTime } from '../readmodels/metrics.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import type { Clock } from './parts.ts'

/** By how much a clock is ahead of ours. */
export type ClockOffset = Readonly<{ clock: 'database' | 'eventStore' | 'ledger'; seconds: number }>

export type ClockParts = Readonly<{
  store: EventStore
  database: OpenDatabase
  clock: Clock
  /** Whether the ledger, or the database, is on a server with a clock of its own. */
  servers: Readonly<{ ledger: boolean; database: boolean }>
}>

/** Half way between asking and being answered is when a server looked at its clock, as near as can be told. */
export const databaseOffset = async ({
  database,
  clock,
}: Pick<ClockParts, 'database' | 'clock'>): Promise<number> => {
  const before = clock().getTime()
  const theirs = await databaseTime(database.db)
  return (theirs - (before + clock().getTime()) / 2) / 1000
}

/** Of the newest entry: when it was written by our clock, and when the store says that it came. */
const newest = async (store: EventStore): Promise<Readonly<{ at: number; created: number }> | undefined> => {
  for await (const record of store.readAll({ direction: 'backwards' }))
    if (!isSystem(record))
      return { at: Date.parse(entryOf(record).body.at), created: record.created.getTime() }
  return undefined
}

/**
 * `ledger`: how far the newest event lies in our future, which nothing but a clock that was put back brings about; `eventStore`: as it
 * was when that event was written.
 */
const ledgerOffsets = async ({ store, clock, servers }: ClockParts): Promise<readonly ClockOffset[]> => {
  const last = await newest(store)
  if (last === undefined) return []
  return [
    { clock: 'ledger', seconds: Math.max(0, (last.at - clock().getTime()) / 1000) },
    ...(servers.ledger ? [{ clock: 'eventStore', seconds: (last.created - last.at) / 1000 } as const] : []),
  ]
}

/** Clocks to compare with, by who is asked for them. */
export type Clocks = Readonly<Partial<Record<'database' | 'ledger', () => Promise<readonly ClockOffset[]>>>>

/** Every clock that there is to compare with. */
export const clocksOf = (parts: ClockParts): Clocks => ({
  ...(parts.servers.database
    ? { database: async () => [{ clock: 'database', seconds: await databaseOffset(parts) }] }
    : {}),
  ledger: () => ledgerOffsets(parts),
})

/** All of them. @throws what keeps one of them from being looked at */
export const clockOffsets = async (parts: ClockParts): Promise<readonly ClockOffset[]> =>
  (await Promise.all(Object.values(clocksOf(parts)).map((look) => look()))).flat()
