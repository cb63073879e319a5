// Disputes as the support and the Comité list them (CGU-119, CGU-120).
import type { Kysely } from 'kysely'
import type { Database, DisputeRow } from './schema.ts'

type Filter = Readonly<{ status?: DisputeRow['status']; after?: number; limit: number }>

/** Disputes in the order in which they were opened. */
export const findDisputes = async (
  db: Kysely<Database>,
  { status, after = -1, limit }: Filter,
): Promise<readonly DisputeRow[]> => {
  const query = db.selectFrom('dispute').selectAll().where('rank', '>', after)
  const wanted = status === undefined ? query : query.where('status', '=', status)
  return wanted.orderBy('rank').limit(limit).execute()
}
