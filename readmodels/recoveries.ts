// Requests for recovery as officers look for them.
import { sql, type Kysely } from 'kysely'
import type { Database, RecoveryRow } from './schema.ts'

type Db = Kysely<Database>

export type RecoveryFilter = Readonly<{
  /** `approved`: requested, and approved by the quorum at this instant. */
  status?: RecoveryRow['status'] | 'approved'
  quorum: number
  now: string
  /** Rows after this rank, newest request first. */
  before?: number
  limit: number
}>

/** Approvals that count at an instant. */
const live = (now: string) =>
  sql<number>`(select count(*) from unnest(approval_ends) as one(ends) where ends collate "C" > ${now})`

export const findRecoveries = async (
  db: Db,
  { status, quorum, now, before, limit }: RecoveryFilter,
): Promise<readonly RecoveryRow[]> => {
  let query = db.selectFrom('recovery').selectAll()
  if (status === 'approved')
    query = query.where('status', '=', 'requested').where(sql<boolean>`${live(now)} >= ${quorum}`)
  else if (status !== undefined) query = query.where('status', '=', status)
  if (before !== undefined) query = query.where('requested_rank', '<', before)
  return query.orderBy('requested_rank', 'desc').limit(limit).execute()
}

/** Requests whose every approval has ended by now, oldest first. */
export const lapsedRecoveries = async (db: Db, now: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('recovery')
    .select('recovery')
    .where('status', '=', 'requested')
    .where(sql<boolean>`cardinality(approval_ends) > 0 and ${live(now)} = 0`)
    .orderBy('requested_rank')
    .execute()
  return rows.map(({ recovery }) => recovery)
}

/** Whose output somebody may collect: asked for, or delivered at this instant or later. */
export const collectableRecoveries = async (db: Db, since: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('recovery')
    .select('recovery')
    .where((where) =>
      where.or([
        where('status', '=', 'requested'),
        where.and([where('status', '=', 'delivered'), where('decided_at', '>=', since)]),
      ]),
    )
    .execute()
  return rows.map(({ recovery }) => recovery)
}
