// What the end of an authority is about: its certificates as counted at a size of the ledger, its last list, what was done when.
import { sql, type Kysely } from 'kysely'
import type { Database } from './schema.ts'
import { walkSerials } from './serialWalk.ts'

type Db = Kysely<Database>

/** Certificates of an issuer, as they were when the ledger held `upTo` entries. */
export const countCertificates = async (
  db: Db,
  issuer: string,
  { upTo, at }: Readonly<{ upTo: number; at: string }>,
) => {
  const issued = sql`issued_rank < ${upTo}`
  const revoked = sql`coalesce(revoked_rank < ${upTo}, false)`
  const abandoned = sql`coalesce(abandoned_rank < ${upTo}, false)`
  const count = (condition: ReturnType<typeof sql>) =>
    sql<number>`(count(*) filter (where ${condition}))::bigint`
  const found = await db
    .selectFrom('certificate_status')
    .select([
      count(issued).as('issued'),
      count(sql`${issued} and ${revoked}`).as('revoked'),
      count(sql`${issued} and not ${revoked} and not_after < ${at}`).as('expired'),
      count(abandoned).as('abandoned'),
      count(sql`planned_rank < ${upTo} and not coalesce(${issued}, false) and not ${abandoned}`).as(
        'planned',
      ),
    ])
    .where('issuer', '=', issuer)
    .executeTakeFirstOrThrow()
  return { upTo, ...found }
}

/** Serials that are still valid, holders' before the responders' that answer for them. */
export const validCertificates = async (
  db: Db,
  issuer: string,
  { at, limit }: Readonly<{ at: string; limit: number }>,
): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('certificate_status')
    .select('serial')
    .where('issuer', '=', issuer)
    .where('issued_rank', 'is not', null)
    .where('revoked_rank', 'is', null)
    .where('not_after', '>=', at)
    .orderBy(sql`profile = 'ocspResponder'`)
    .orderBy('serial')
    .limit(limit)
    .execute()
  return rows.map(({ serial }) => serial)
}

/** Every serial that was issued before a size of the ledger, in their order. */
export const issuedSerials = (db: Db, issuer: string, upTo: number): AsyncGenerator<string> =>
  walkSerials(
    (after, size) =>
      db
        .selectFrom('certificate_status')
        .select('serial')
        .where('issuer', '=', issuer)
        .where('issued_rank', '<', upTo)
        .where('serial', '>', after)
        .orderBy('serial')
        .limit(size)
        .execute(),
    { most: Infinity, pageSize: 5000 },
  )

/** The last list's number where it has been issued, else the number of the next. */
export const lastCrlNumber = async (db: Db, issuer: string): Promise<number> => {
  const newest = await db
    .selectFrom('crl')
    .select(['number', 'last'])
    .where('issuer', '=', issuer)
    .where('status', '=', 'issued')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (newest === undefined) return 1
  return newest.last ? newest.number : newest.number + 1
}

/** The newest event of each type on some streams: its rank, and when it was recorded. */
export const momentsOf = async (
  db: Db,
  streams: readonly string[],
): Promise<ReadonlyMap<string, Readonly<{ rank: number; at: string }>>> => {
  const rows = await db
    .selectFrom('history')
    .select(['type', 'rank', 'at'])
    .where(sql<boolean>`stream = any(${streams}::text[])`)
    .orderBy('rank')
    .execute()
  return new Map(rows.map(({ type, rank, at }) => [type, { rank, at }]))
}
