// What has come since the newest list is asked before each, and by an alarm: it is found without a look at all that is revoked.
import { sql, type Kysely } from 'kysely'

export const m022ListedByRank = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    // As `crl_entry` has it (m013_ca_revocations.ts).
    await sql`create index certificate_status_listed on certificate_status
      (issuer, (coalesce(revoked_rank, abandoned_rank))) where revoked_rank is not null or maybe_signed`.execute(
      db,
    )
  },
}
