// Rows that are read as a whole: a projection may be built anew at any moment, by another process too, and has then no rows, or a part of them.
import { sql, type Kysely } from 'kysely'
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions } from '../ledger/store.ts'
import type { Database } from '../readmodels/schema.ts'
import { checkpointsOf, type Checkpoint } from './checkpoint.ts'
import type { Projection } from './projection.ts'

type Db = Kysely<Database>

/** A read model is behind, or is being built anew: what is to be read of it is not there yet. It is asked for again later. */
export class RowsBehind extends Error {
  override readonly name = 'RowsBehind'
}

/** Which rows, and how far they have to be. */
export type Wanted = Readonly<{
  projection: Pick<Projection, 'name' | 'version' | 'tables'>
  suffices: (at: Checkpoint) => boolean
}>

/** What has taken in so many entries of the ledger. */
export const upTo = (size: number) => (at: Checkpoint) => at.size >= size

/** What has taken in all that the ledger holds now. */
export const upToNow = async (ledger: Pick<Ledger, 'head'>) => {
  const head = await ledger.head()
  return ({ position }: Checkpoint): boolean =>
    head === undefined || (position !== undefined && comparePositions(position, head) >= 0)
}

/**
 * Reads rows of a projection, which nobody empties meanwhile.
 * @throws RowsBehind where they are not that far
 */
export const steadily = <T>(
  db: Db,
  { projection, suffices }: Wanted,
  read: (db: Db) => Promise<T>,
): Promise<T> =>
  db.transaction().execute(async (tx) => {
    // Before the checkpoint is looked at: to empty a table takes a lock that waits for this one (checkpoint.ts, resetProjection).
    const tables = sql.join(projection.tables.map((table) => sql.table(table)))
    await sql`lock table ${tables} in access share mode`.execute(tx)
    const at = (await checkpointsOf(tx, [projection])).get(projection.name)
    if (at === undefined || !suffices(at)) throw new RowsBehind(`${projection.name} is behind`)
    return await read(tx)
  })
