// What is under way between two requests of somebody who signs in (readmodels/signInTickets.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table sign_in_ticket (
    digest text collate "C" primary key,
    kind text collate "C" not null,
    sealed text collate "C" not null,
    since text collate "C" not null,
    seen text collate "C" not null,
    until text collate "C" not null
  )`,
  sql`create index sign_in_ticket_until on sign_in_ticket (until)`,
]

export const m021SignInTickets = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
