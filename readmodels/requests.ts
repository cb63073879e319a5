// Requests as people look for them: oldest first, for a queue is worked off in its order.
import type { Kysely } from 'kysely'
import type { Database, RequestRow } from './schema.ts'

type Db = Kysely<Database>

export type RequestFilter = Readonly<{
  status?: RequestRow['status']
  ra?: string
  person?: string
  /** Rows after this rank. */
  after?: number
  limit: number
}>

export const findRequests = async (db: Db, filter: RequestFilter): Promise<readonly RequestRow[]> => {
  const { status, ra, person, after, limit } = filter
  let query = db.selectFrom('request').selectAll()
  if (status !== undefined) query = query.where('status', '=', status)
  if (ra !== undefined) query = query.where('ra', '=', ra)
  if (person !== undefined) query = query.where('person', '=', person)
  if (after !== undefined) query = query.where('rank', '>', after)
  return query.orderBy('rank').limit(limit).execute()
}

/** Requests that nobody came for by their last day. @param today in France */
export const lapsedRequests = async (db: Db, today: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('request')
    .select('request')
    .where('status', '=', 'validated')
    .where('lapses_on', '<', today)
    .orderBy('rank')
    .execute()
  return rows.map(({ request }) => request)
}
