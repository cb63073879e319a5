// Read models as whoever decides by them reads them: whole, or not at all (projections/steadily.ts).
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

/** A read model is behind, or is being built anew: what is to be read of it is not there yet. It is asked for again later. */
export class RowsBehind extends Error {
  override readonly name = 'RowsBehind'
}

/**
 * Reads every read model: they have taken in every fact, and nobody empties them meanwhile. What cannot be undone is decided on these.
 * @param read is told how many entries of the ledger all of them have taken in
 * @throws RowsBehind
 */
export type SettledRows = <T>(read: (rows: Db, size: number) => Promise<T>) => Promise<T>

/** Reads the status table once it has taken in so many entries of the ledger. @throws RowsBehind where it has not */
export type StatusRows = <T>(size: number, read: (rows: Db) => Promise<T>) => Promise<T>
