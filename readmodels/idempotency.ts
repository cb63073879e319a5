// Idempotency keys in use: whose each one is, and for which request. No event makes these rows and no rebuild touches them;
// losing them loses no fact, because the ledger knows a repeated command by itself.
import { sql, type Kysely } from 'kysely'

export type KeyClaim = Readonly<{
  key: string
  account: string
  /** Keyed digest of the request. */
  fingerprint: string
  at: string
  /** A row from before this instant has lapsed, and the key may be taken anew. */
  since: string
}>

/**
 * Takes a key, or finds it taken: `ours` when by the same account for the same request. One statement, so that of two
 * callers one wins.
 */
export const claimKey = async <T>(db: Kysely<T>, claim: KeyClaim): Promise<'ours' | 'other'> => {
  const { key, account, fingerprint, at, since } = claim
  const kept = sql`idempotency.at >= ${since}`
  const { rows } = await sql<{ account: string; fingerprint: string }>`
    insert into idempotency (key, account, fingerprint, at) values (${key}, ${account}, ${fingerprint}, ${at})
    on conflict (key) do update set
      account = case when ${kept} then idempotency.account else excluded.account end,
      fingerprint = case when ${kept} then idempotency.fingerprint else excluded.fingerprint end,
      at = case when ${kept} then idempotency.at else excluded.at end
    returning account, fingerprint`.execute(db)
  const [row] = rows
  return row?.account === account && row.fingerprint === fingerprint ? 'ours' : 'other'
}

/** Forgets the keys that lapsed before `since`. */
export const forgetKeys = async <T>(db: Kysely<T>, since: string): Promise<void> => {
  await sql`delete from idempotency where at < ${since}`.execute(db)
}
