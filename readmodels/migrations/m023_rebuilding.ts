// Rows that are being built anew are known from rows that are behind: what they do not have yet they had before.
import { sql, type Kysely } from 'kysely'

export const m023Rebuilding = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await sql`alter table projection_checkpoint add column rebuild_to bigint not null default 0`.execute(db)
  },
}
