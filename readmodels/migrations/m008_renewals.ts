// Renewals, by the certificate that they follow (readmodels/renewals.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table renewal (
    request text collate "C" primary key,
    previous text collate "C" not null,
    rank bigint not null,
    status text collate "C" not null,
    alone boolean not null
  )`,
  sql`create index renewal_previous on renewal (previous, rank)`,
  sql`create index renewal_unsettled on renewal (rank) where status = 'open'`,
]

export const m008Renewals = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
