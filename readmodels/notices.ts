// Notices as people ask for them: one, those of a stream, those that have not reached somebody; and which conditions of use
// bind a holder.
import { sql, type Kysely } from 'kysely'
import type { CguAcceptanceRow, Database, NoticeRecipientRow } from './schema.ts'

type Db = Kysely<Database>

const untoldStates = ['planned', 'deferred', 'failed', 'undelivered'] as const

export type NoticeFilter = Readonly<{
  stream?: string
  /** Only who has not been told: not yet sent, put off, no address, or come back; and not waived. */
  untold?: true
  /** Rows after this place of the notice that was planned at this rank. */
  before?: Readonly<{ rank: number; place: number }>
  limit: number
}>

export type Told = NoticeRecipientRow & Readonly<{ sent_at: string | null; effective_at: string | null }>

const told = (db: Db) =>
  db
    .selectFrom('notice_recipient as r')
    .innerJoin('notice as n', 'n.notice', 'r.notice')
    .selectAll('r')
    .select(['n.sent_at', 'n.effective_at'])

/** Recipients, newest notice first. */
export const findNotices = async (db: Db, filter: NoticeFilter): Promise<readonly Told[]> => {
  const { stream, untold, before, limit } = filter
  let query = told(db)
  if (stream !== undefined) query = query.where('r.stream', '=', stream)
  if (untold) query = query.where('r.delivery', 'in', [...untoldStates])
  if (before !== undefined)
    query = query.where((eb) =>
      eb.or([
        eb('r.planned_rank', '<', before.rank),
        eb.and([eb('r.planned_rank', '=', before.rank), eb('r.place', '>', before.place)]),
      ]),
    )
  return query.orderBy('r.planned_rank', 'desc').orderBy('r.place').limit(limit).execute()
}

/** What was said about one certificate: of its revocation to whomever, of everything else to its holder; oldest first. */
export const noticesOfCertificate = async (
  db: Db,
  { serial, request }: Readonly<{ serial: string; request: string }>,
): Promise<readonly Told[]> =>
  told(db)
    .where((eb) =>
      eb.or([
        eb.and([eb('r.kind', '=', 'revocation'), eb('r.milestone', '=', serial)]),
        eb.and([eb('r.kind', '!=', 'revocation'), eb('r.stream', '=', `request-${request}`)]),
      ]),
    )
    .orderBy('r.planned_rank')
    .orderBy('r.place')
    .execute()

/** Every version that the holder of a request has accepted, has been told of, or is deemed to have accepted. */
export const acceptancesOf = async (db: Db, request: string): Promise<readonly CguAcceptanceRow[]> =>
  db.selectFrom('cgu_acceptance').selectAll().where('request', '=', request).orderBy('version').execute()

/** Planned and not yet sent, oldest first. */
export const pendingNotices = async (
  db: Db,
  limit: number,
  after = -1,
): Promise<readonly { notice: string; rank: number }[]> => {
  const rows = await db
    .selectFrom('notice')
    .select(['notice', 'planned_rank'])
    .where('status', '=', 'planned')
    .where('planned_rank', '>', after)
    .orderBy('planned_rank')
    .limit(limit)
    .execute()
  return rows.map(({ notice, planned_rank: rank }) => ({ notice, rank }))
}

export type Deferred = Readonly<{
  notice: string
  place: number
  rank: number
  attempts: number
  attemptedAt: string | null
}>

/** Recipients whose message the mail server has put off, in the order in which their notices were planned, after one place. */
export const deferredRecipients = async (
  db: Db,
  limit: number,
  after: Readonly<{ rank: number; place: number }> = { rank: -1, place: -1 },
): Promise<readonly Deferred[]> => {
  const rows = await db
    .selectFrom('notice_recipient')
    .select(['notice', 'place', 'planned_rank', 'attempts', 'attempted_at'])
    .where('delivery', '=', 'deferred')
    .where((eb) =>
      eb.or([
        eb('planned_rank', '>', after.rank),
        eb.and([eb('planned_rank', '=', after.rank), eb('place', '>', after.place)]),
      ]),
    )
    .orderBy('planned_rank')
    .orderBy('place')
    .limit(limit)
    .execute()
  return rows.map(({ planned_rank: rank, attempted_at: attemptedAt, ...row }) => ({
    ...row,
    rank,
    attemptedAt,
  }))
}

/** How many messages the mail server has put off, and how many have not reached anybody for good. */
export const countUnsent = async (db: Db): Promise<Readonly<{ deferred: number; undelivered: number }>> => {
  const { rows } = await sql<{ deferred: number; undelivered: number }>`
    select count(*) filter (where delivery = 'deferred') as deferred,
      count(*) filter (where delivery in ('failed', 'undelivered')) as undelivered
    from notice_recipient where delivery in ('planned', 'deferred', 'failed', 'undelivered')`.execute(db)
  return rows[0] ?? { deferred: 0, undelivered: 0 }
}
