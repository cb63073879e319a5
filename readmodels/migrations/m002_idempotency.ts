// Idempotency keys of the HTTP API (readmodels/idempotency.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table idempotency (
    key text collate "C" primary key,
    account text not null,
    fingerprint text collate "C" not null,
    at text collate "C" not null
  )`,
  sql`create index idempotency_at on idempotency (at)`,
]

export const m002Idempotency = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
