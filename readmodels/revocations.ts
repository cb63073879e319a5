// How long requests for revocation take, from the first receipt to the status that relying parties see (CGU-76, CGU-98): the
// first CRL that lists the certificate.
import { sql, type Kysely } from 'kysely'
import type { Database, RevocationRow } from './schema.ts'

type Db = Kysely<Database>

/** A request with the instant it is due, and the first CRL that shows what came of it. */
export type RevocationDelay = RevocationRow &
  Readonly<{ due_at: string; crl_number: number | null; crl_this_update: string | null; late: boolean }>

export type RevocationFilter = Readonly<{
  /** From the first receipt (policy). */
  hours: number
  now: string
  state?: RevocationRow['state']
  late?: boolean
  /** Rows after this rank, newest request first. */
  before?: number
  limit: number
}>

const delays = (hours: number, now: string) => sql<RevocationDelay>`
  select *, coalesce(crl_this_update, case when state = 'rejected' then decided_at end, ${now}::text) > due_at as late
  from (
    select r.*, c.number as crl_number, c.this_update as crl_this_update,
      to_char((r.first_received_at::timestamptz + make_interval(hours => ${hours}::int)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS"Z"') collate "C" as due_at
    from revocation r
    left join certificate_status s on s.serial = r.serial
    left join lateral (
      select number, this_update from crl
      where issuer = s.issuer and status = 'issued' and up_to > r.revoked_rank order by number limit 1
    ) c on true
  ) as each_request`

/** Requests with their delays, newest first. */
export const findRevocations = async (
  db: Db,
  { hours, now, state, late, before, limit }: RevocationFilter,
): Promise<readonly RevocationDelay[]> => {
  const conditions = [
    ...(state === undefined ? [] : [sql`state = ${state}`]),
    ...(late === undefined ? [] : [sql`late = ${late}`]),
    ...(before === undefined ? [] : [sql`requested_rank < ${before}`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  const { rows } = await sql<RevocationDelay>`
    select * from (${delays(hours, now)}) as delay ${where}
    order by requested_rank desc limit ${limit}`.execute(db)
  return rows
}

/** Open requests that were first received before `since`. */
export const openSince = async (db: Db, since: string): Promise<number> => {
  const { count } = await db
    .selectFrom('revocation')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '=', 'open')
    .where('first_received_at', '<', since)
    .executeTakeFirstOrThrow()
  return count
}
