// What the processes of an installation tell each other by the database (docs/adr/0027). No event makes these rows, no rebuild touches
// them, and no fact is lost with them.
import { sql, type Kysely } from 'kysely'

const statements = [
  // Whoever projects counts this up; who projected before it writes nothing any more.
  sql`create table projector (single boolean primary key default true check (single), epoch bigint not null)`,
  sql`insert into projector (epoch) values (0)`,
  // CGU-58: what a holder signs, by its digest, until it is presented or lapses.
  sql`create table auth_challenge (
    name text collate "C" primary key,
    sha256 text collate "C" not null,
    expires_at text collate "C" not null
  )`,
  // CGU-107: what a process has answered that writes nothing into the ledger, until it is recorded there.
  sql`create table ocsp_part (key text collate "C" primary key, part jsonb not null)`,
]

export const m020Processes = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
