// Who projects: the newest of those who took it over. Every transaction that writes rows or a checkpoint asks, so that one that was
// paused, and has lost its lock meanwhile, writes nothing when it goes on (docs/adr/0027).
import { sql, type Kysely, type Transaction } from 'kysely'
import type { Database } from '../readmodels/schema.ts'

/** Somebody else projects by now. Nothing was written. */
export class Deposed extends Error {
  override readonly name = 'Deposed'
}

/** So long a transaction may stand still, in milliseconds. */
const hangsMs = 15_000

/** Asked in each transaction that writes. @throws Deposed */
export type Fence = (tx: Transaction<Database>) => Promise<void>

/**
 * Takes the projecting over: a transaction of the one before is waited for, his next one is refused.
 * @returns what to ask in each transaction
 */
export const takeOver = async (db: Kysely<Database>): Promise<Fence> => {
  const { rows } = await sql<{ epoch: number }>`
    update projector set epoch = epoch + 1 returning epoch`.execute(db)
  const epoch = rows[0]?.epoch
  return async (tx) => {
    // The transaction of a process that hangs is ended by the server: whoever takes over waits for it.
    const held = await sql`
      select set_config('idle_in_transaction_session_timeout', ${String(hangsMs)}, true)
      from projector where epoch = ${epoch} for share`.execute(tx)
    if (held.rows.length !== 1) throw new Deposed('another process projects by now')
  }
}
