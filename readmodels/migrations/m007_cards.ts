// Cards as they stand, and the sessions that are open at the desks (CGU-34, CGU-99).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table live_session (
    request text collate "C" primary key,
    session bigint not null,
    desk text collate "C",
    card text collate "C" not null,
    serial text collate "C" not null,
    rank bigint not null,
    at text collate "C" not null
  )`,
  sql`create index live_session_desk on live_session (desk, rank)`,
  sql`create table card (
    id text collate "C" primary key,
    status text not null,
    model text collate "C" not null,
    kind text not null,
    ra text collate "C",
    stocked boolean not null,
    request text collate "C",
    person text collate "C",
    serials text[] not null,
    incident text,
    scrap_cause text,
    chip text collate "C",
    stocked_at text collate "C",
    allotted_at text collate "C",
    written_at text collate "C",
    reported_at text collate "C",
    scrapped_at text collate "C",
    before_allotment text,
    rank bigint not null
  )`,
  sql`create index card_rank on card (rank)`,
  sql`create index card_status on card (status, rank)`,
  sql`create index card_chip on card (chip)`,
]

export const m007Cards = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
