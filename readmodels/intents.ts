// Acts that were begun and not ended: what a restart goes on with.
import type { Kysely } from 'kysely'
import type { Database, IntentRow } from './schema.ts'

/** Every open intent, oldest first. */
export const findIntents = async (db: Kysely<Database>): Promise<readonly IntentRow[]> =>
  db.selectFrom('intent').selectAll().orderBy('rank').execute()
