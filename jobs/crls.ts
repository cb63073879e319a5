// The lists of revoked certificates of both authorities, as the read models stand: what the next one would say, and publishing it.
import type { StatusView } from '../commands/issueCrl.ts'
import type { IssuingCa } from '../commands/issuing.ts'
import type { Service } from '../commands/program.ts'
import { crlEntriesSince, crlEntriesUpTo, hasPlannedCrl, latestCrl } from '../readmodels/crls.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { statusTableAt } from '../readmodels/statusTable.ts'
import { publishCrl, type Rhythm } from './publishCrl.ts'
import { statusDigest } from './statusDigest.ts'

type Parts = Readonly<{
  service: Service
  db: OpenDatabase['db']
  /** Leaves that every read model has taken in. */
  size: () => Promise<number>
  settled: () => Promise<void>
}>

export type Crls = Readonly<{
  /** Issues what is due of an authority (jobs/publishCrl.ts). */
  publish: (authority: IssuingCa, rhythm: Rhythm) => Promise<void>
  /** Whether the newest list of each of these authorities is still good. @throws Error 'stale' */
  requireFresh: (authorities: readonly IssuingCa[]) => Promise<void>
}>

export const openCrls = ({ service, db, size, settled }: Parts): Crls => {
  const viewOf = (id: string): StatusView => ({
    size,
    lastNumber: async () => (await latestCrl(db, id))?.number ?? 0,
    entriesUpTo: (upTo) => crlEntriesUpTo(db, id, upTo),
    tableSha256: (upTo) => statusDigest(statusTableAt(db, upTo)),
  })
  return {
    publish: (authority, rhythm) =>
      publishCrl(service, authority, {
        ...{ rhythm, view: viewOf(authority.id), settled },
        state: async () => {
          const newest = await latestCrl(db, authority.id)
          return {
            newest: newest && { thisUpdate: newest.this_update, upTo: newest.up_to, last: newest.last },
            planned: await hasPlannedCrl(db, authority.id),
            entriesSince: (rank: number) => crlEntriesSince(db, authority.id, rank),
          }
        },
      }),
    requireFresh: async (authorities) => {
      for (const { id } of authorities) {
        const newest = await latestCrl(db, id)
        if (newest === undefined || newest.next_update <= service.now()) throw new Error('stale')
      }
    },
  }
}
