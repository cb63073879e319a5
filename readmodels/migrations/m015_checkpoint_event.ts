// The event that a checkpoint stands at: its position alone means nothing in a copy of the ledger in another store (ADR 32).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`alter table projection_checkpoint
    add column last_stream text collate "C", add column last_revision bigint, add column last_id text collate "C"`,
]

export const m015CheckpointEvent = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
