// The lists of revoked certificates of both authorities, as the read models stand: what the next one would say, and publishing it.
import type { StatusView } from '../commands/issueCrl.ts'
import type { IssuingCa } from '../commands/issuing.ts'
import type { Service } from '../commands/program.ts'
import type { Policy } from '../domain/policy/policy.ts'
import {
  crlEntriesUpTo,
  hasEntrySince,
  hasPlannedCrl,
  latestCrl,
  oldestEntrySince,
} from '../readmodels/crls.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { statusDigestAt } from '../readmodels/statusTable.ts'
import type { StatusRows } from '../readmodels/wholeRows.ts'
import { publishCrl, type Rhythm } from './publishCrl.ts'

/** How often the root lists the authorities that it has revoked. */
export const rootRhythm = ({ crl }: Policy): Rhythm => ({
  everyHours: crl.rootEveryDays * 24,
  validityHours: crl.rootValidityDays * 24,
})

type Parts = Readonly<{
  service: Service
  db: OpenDatabase['db']
  /** Leaves that every read model has taken in. */
  size: () => Promise<number>
  settled: () => Promise<void>
  statusRows: StatusRows
  /** Waits for the read models, but not for longer than a list may wait for them; whatever they are missing is on the next one. */
  soon: () => Promise<boolean>
  /** Told of each list of revocations that are on no earlier one, when the oldest of them took effect. */
  listed: (issuer: string, revokedAt: string) => void
}>

export type Crls = Readonly<{
  /**
   * Issues what is due of an authority (jobs/publishCrl.ts).
   * @param again told where the read models have not come in time: a revocation that they are missing is on no list yet
   */
  publish: (authority: IssuingCa, rhythm: Rhythm, again?: () => void) => Promise<void>
  /** Whether the newest list of each of these authorities is still good. */
  areFresh: (authorities: readonly IssuingCa[]) => Promise<boolean>
}>

export const openCrls = ({ service, db, size, settled, statusRows, soon, listed }: Parts): Crls => {
  const viewOf = (id: string): StatusView => ({
    size,
    lastNumber: async () => (await latestCrl(db, id))?.number ?? 0,
    entriesUpTo: (upTo) => statusRows(upTo, (rows) => crlEntriesUpTo(rows, id, upTo)),
    tableSha256: (upTo) => statusRows(upTo, (rows) => statusDigestAt(rows, upTo)),
  })
  /** After a list has been issued: says what it is the first to list. @returns how far it goes */
  const tell = async (issuer: string, before: number): Promise<number> => {
    const upTo = (await latestCrl(db, issuer))?.up_to ?? before
    const oldest = await oldestEntrySince(db, issuer, before, upTo)
    // What the first list says was there before anybody could have published it.
    if (oldest !== undefined && before > 0) listed(issuer, oldest)
    return upTo
  }
  const publishDue = async (authority: IssuingCa, rhythm: Rhythm): Promise<void> => {
    let before = (await latestCrl(db, authority.id))?.up_to ?? 0
    await publishCrl(service, authority, {
      ...{ rhythm, view: viewOf(authority.id) },
      settled: async () => {
        await settled()
        before = await tell(authority.id, before)
      },
      state: async () => {
        const newest = await latestCrl(db, authority.id)
        return {
          newest: newest && { thisUpdate: newest.this_update, upTo: newest.up_to, last: newest.last },
          planned: await hasPlannedCrl(db, authority.id),
          hasEntrySince: (rank: number) => hasEntrySince(db, authority.id, rank),
        }
      },
    })
  }
  return {
    publish: async (authority, rhythm, again) => {
      await publishDue(authority, rhythm)
      // A nudge comes with the revocation, and the read models a moment later: before them nothing was due.
      if (!(await soon())) again?.()
      await publishDue(authority, rhythm)
    },
    areFresh: async (authorities) => {
      for (const { id } of authorities) {
        const newest = await latestCrl(db, id)
        if (newest === undefined || newest.next_update <= service.now()) return false
      }
      return true
    },
  }
}
