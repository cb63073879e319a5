// The queue of requests: what waits for the RA, what has lapsed.
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table request (
    rank bigint primary key,
    request text collate "C" not null unique,
    person text collate "C" not null,
    status text not null,
    kind text not null,
    path text not null,
    ra text collate "C" not null,
    holder_kind text not null,
    card_kind text not null,
    requested_at text collate "C" not null,
    returned boolean not null,
    lapses_on text collate "C",
    ended_at text collate "C"
  )`,
  sql`create index request_status on request (status, rank)`,
  sql`create index request_person on request (person)`,
]

export const m005Requests = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
