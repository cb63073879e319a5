// Appointments by person, by entity and role, and those that have to be ended (readmodels/appointments.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table appointment (
    appointment text collate "C" primary key,
    rank bigint not null unique,
    role text not null,
    entity text collate "C",
    ra text collate "C",
    person_term text collate "C",
    status text not null,
    from_on text collate "C" not null,
    until_on text collate "C" not null,
    accepted_rank bigint,
    end_cause text,
    effective_on text collate "C"
  )`,
  sql`create index appointment_person on appointment (person_term)`,
  sql`create index appointment_entity on appointment (entity, role)`,
]

export const m004Appointments = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
