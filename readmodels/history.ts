// The history: which entries of the ledger concern a thing, in ledger order.
import { sql, type Kysely } from 'kysely'
import type { Database, HistoryRow } from './schema.ts'

/** What an entry may concern; `case` is the file or order that an event belongs to. */
export type ConcernKind = 'serial' | 'request' | 'card' | 'recovery' | 'key' | 'person' | 'case'

export type HistoryFilter = Readonly<{ stream?: string; concerns?: string; after?: number; limit: number }>

/** Events of a stream, or of what they concern (`<kind>:<id>`), in ledger order. */
export const findHistory = async (
  db: Kysely<Database>,
  filter: HistoryFilter,
): Promise<readonly HistoryRow[]> => {
  const { stream, concerns, after, limit } = filter
  let query = db.selectFrom('history').selectAll()
  if (stream !== undefined) query = query.where('stream', '=', stream)
  if (concerns !== undefined) query = query.where(sql<boolean>`concerns @> ${[concerns]}::text[]`)
  if (after !== undefined) query = query.where('rank', '>', after)
  return query.orderBy('rank').limit(limit).execute()
}
