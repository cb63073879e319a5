// Rows that are read as a whole: a projection may be built anew at any moment, by another process too, and has then no rows, or a part of them.
import { sql, type Kysely } from 'kysely'
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions } from '../ledger/store.ts'
import { RowsBehind } from '../readmodels/wholeRows.ts'
import type { Database } from '../readmodels/schema.ts'
import { checkpointsOf, type Checkpoint } from './checkpoint.ts'
import type { Projection } from './projection.ts'

type Db = Kysely<Database>

/** Which rows, and how far they have to be. */
export type Wanted = Readonly<{
  projections: readonly Pick<Projection, 'name' | 'version' | 'tables'>[]
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
 * Reads rows of projections, which nobody empties meanwhile.
 * @param read is told how many entries of the ledger all of them have taken in
 * @throws RowsBehind where they are not that far
 */
export const steadily = <T>(
  db: Db,
  { projections, suffices }: Wanted,
  read: (db: Db, size: number) => Promise<T>,
): Promise<T> =>
  db.transaction().execute(async (tx) => {
    // Before the checkpoint is looked at: to empty a table takes a lock that waits for this one (checkpoint.ts, resetProjection).
    const tables = sql.join(projections.flatMap((one) => one.tables.map((table) => sql.table(table))))
    await sql`lock table ${tables} in access share mode`.execute(tx)
    const found = await checkpointsOf(tx, projections)
    const sizes = projections.map(({ name }) => {
      const at = found.get(name)
      if (at === undefined || !suffices(at)) throw new RowsBehind(`${name} is behind`)
      return at.size
    })
    return await read(tx, Math.min(...sizes))
  })
