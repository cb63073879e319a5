// Searches answer newest first (readmodels/certificates.ts).
import { sql, type Kysely } from 'kysely'

export const m003NewestFirst = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await sql`create index certificate_status_planned_rank on certificate_status (planned_rank)`.execute(db)
  },
}
