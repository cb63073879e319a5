// Who has been told that the authority ends (CGU-81, CGU-84): the streams that notices of that kind name.
import { sql, type Kysely } from 'kysely'

export const m010TerminationNotice = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await sql`create table termination_notice (
      recipient text collate "C" primary key,
      rank bigint not null
    )`.execute(db)
  },
}
