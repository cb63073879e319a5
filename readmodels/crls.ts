// CRLs as they were issued, and what they list.
import { sql, type Kysely } from 'kysely'
import type { CrlRow, Database } from './schema.ts'

type Db = Kysely<Database>

/** The newest CRL of an issuer that was issued. */
export const latestCrl = async (db: Db, issuer: string): Promise<CrlRow | undefined> =>
  db
    .selectFrom('crl')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('status', '=', 'issued')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Whether a list of an issuer is planned and not signed yet. */
export const hasPlannedCrl = async (db: Db, issuer: string): Promise<boolean> => {
  const row = await db
    .selectFrom('crl')
    .select('number')
    .where('issuer', '=', issuer)
    .where('status', '=', 'planned')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** What a CRL lists whose plan was made when the ledger held `size` entries, in order of serial. */
export const crlEntriesUpTo = async (
  db: Db,
  issuer: string,
  size: number,
): Promise<readonly { serial: string; revokedAt: string }[]> => {
  // As one text: a list may have a million entries, and a row of its own for each costs several times as much. One without a date stays in
  // it, so that no list is made that leaves it out.
  const { listed } = await db
    .selectFrom('crl_entry')
    .select(
      sql<string | null>`string_agg(serial || coalesce(revoked_at, ''), ',' order by serial)`.as('listed'),
    )
    .where('issuer', '=', issuer)
    .where('rank', '<', size)
    .executeTakeFirstOrThrow()
  if (listed === null) return []
  return listed
    .split(',')
    .map((entry) => ({ serial: entry.slice(0, serialDigits), revokedAt: entry.slice(serialDigits) }))
}

/** Ours have 16 octets (domain/fields.ts), in hex. */
const serialDigits = 32

/**
 * Entries that came since the ledger held `size` entries, and before it held `upTo`. Bounded on both sides, so that the planner takes the
 * index of what is listed by rank: it thinks that a third of a table is above any number.
 */
const entriesBetween = (db: Db, issuer: string, size: number, upTo = Number.MAX_SAFE_INTEGER) =>
  db.selectFrom('crl_entry').where('issuer', '=', issuer).where('rank', '>=', size).where('rank', '<', upTo)

/** Whether an entry has come since the ledger held `size` entries. */
export const hasEntrySince = async (db: Db, issuer: string, size: number): Promise<boolean> =>
  (await entriesBetween(db, issuer, size).select('serial').limit(1).executeTakeFirst()) !== undefined

/**
 * When the oldest revocation took effect that came since the ledger held `size` entries, and before it held `upTo`; undefined where
 * there was none.
 */
export const oldestEntrySince = async (
  db: Db,
  issuer: string,
  size: number,
  upTo?: number,
): Promise<string | undefined> => {
  const row = await entriesBetween(db, issuer, size, upTo)
    .select((eb) => eb.fn.min<string | null>('revoked_at').as('oldest'))
    .executeTakeFirst()
  return row?.oldest ?? undefined
}
