// Requests for revocation, with when they were received and decided; requests for recovery, with the ends of their approvals.
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table revocation (
    revocation text collate "C" primary key,
    serial text collate "C" not null,
    channel text not null,
    requester_role text not null,
    state text not null,
    first_received_at text collate "C" not null,
    requested_at text collate "C" not null,
    requested_rank bigint not null unique,
    decided_at text collate "C",
    revoked_at text collate "C",
    revoked_rank bigint
  )`,
  sql`create index revocation_serial on revocation (serial)`,
  sql`create index revocation_open on revocation (first_received_at) where state = 'open'`,
  sql`create table recovery (
    recovery text collate "C" primary key,
    serial text collate "C" not null,
    status text not null,
    output text not null,
    requested_at text collate "C" not null,
    requested_rank bigint not null unique,
    approval_ends text[] not null,
    decided_at text collate "C"
  )`,
]

export const m009Claims = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
