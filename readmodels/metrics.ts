// What /metrics counts in the read models: numbers of rows by closed lists, and nothing that says whose they are.
import { sql, type Kysely } from 'kysely'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

/** Holders' certificates by what they have become and the kind of their card; `expired`: valid until their end, which has come. */
export const certificateCounts = async (
  db: Db,
  now: string,
): Promise<readonly Readonly<{ status: string; card: string; count: number }>[]> => {
  const status = sql<string>`case when s.status in ('issued', 'accepted') and s.not_after <= ${now} then 'expired' else s.status end`
  const card = sql<string>`coalesce(r.card_kind, 'none')`
  return (
    db
      .selectFrom('certificate_status as s')
      .leftJoin('request as r', 'r.request', 's.request')
      .select((eb) => [status.as('status'), card.as('card'), eb.fn.countAll<number>().as('count')])
      .where('s.profile', '=', 'encryption')
      // By their place: written twice, an expression with a parameter is another one to PostgreSQL.
      .groupBy(sql`1, 2`)
      .execute()
  )
}

/** Holders' certificates that are valid and end after `now`, and not after `until`. */
export const expiringCount = async (db: Db, now: string, until: string): Promise<number> => {
  const { count } = await db
    .selectFrom('certificate_status')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('profile', '=', 'encryption')
    .where('status', 'in', ['issued', 'accepted'])
    .where('not_after', '>', now)
    .where('not_after', '<=', until)
    .executeTakeFirstOrThrow()
  return count
}

/** Requests for recovery that are open. */
export const pendingRecoveries = async (db: Db): Promise<number> => {
  const { count } = await db
    .selectFrom('recovery')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('status', '=', 'requested')
    .executeTakeFirstOrThrow()
  return count
}

/** The database's own clock, in milliseconds since 1970. */
export const databaseTime = async (db: Db): Promise<number> => {
  const { rows } = await sql<{ ms: string }>`
    select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as ms`.execute(db)
  return Number(rows[0]?.ms)
}
