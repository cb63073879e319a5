// Components with their controls (CGU-122 to CGU-125), and disputes (CGU-119).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table component (
    component text collate "C" primary key,
    rank bigint not null,
    kind text not null,
    ra text collate "C",
    status text not null,
    declared_at text collate "C" not null,
    commissioned_at text collate "C",
    commissioned_control text collate "C",
    changed_at text collate "C" not null
  )`,
  sql`create table control (
    control text collate "C" primary key,
    component text collate "C" not null,
    rank bigint not null,
    scope text not null,
    ordered_by text not null,
    ordered_at text collate "C" not null,
    due_on text collate "C" not null,
    verdict text,
    completed_on text collate "C",
    finding_count bigint,
    confirm_by text collate "C",
    report_sha256 text collate "C"
  )`,
  sql`create index control_component on control (component, rank)`,
  sql`create table dispute (
    dispute text collate "C" primary key,
    rank bigint not null unique,
    status text not null,
    channel text not null,
    serial text collate "C",
    tool text collate "C" not null,
    opened_at text collate "C" not null,
    outcome text,
    closed_at text collate "C"
  )`,
]

export const m011Controls = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
