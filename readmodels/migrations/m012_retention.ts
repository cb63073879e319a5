// The due lists of retention (projections/retention.ts, readmodels/retention.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table retention_unit (
    unit text collate "C" primary key,
    class text collate "C" not null,
    kind text collate "C" not null,
    rank bigint not null,
    began_at text collate "C" not null,
    starts_at text collate "C",
    floor_at text collate "C",
    not_after text collate "C",
    request text collate "C",
    relies_on text collate "C",
    run text collate "C",
    destroyed_at text collate "C"
  )`,
  sql`create index retention_unit_due on retention_unit (class, starts_at, unit) where destroyed_at is null`,
  sql`create index retention_unit_relies on retention_unit (relies_on) where relies_on is not null`,
  sql`create index retention_unit_rested on retention_unit (began_at)
    where destroyed_at is null and kind in ('request', 'recovery')`,
  sql`create table retention_hold (
    hold text collate "C" not null,
    unit text collate "C" not null,
    primary key (hold, unit)
  )`,
  sql`create index retention_hold_unit on retention_hold (unit)`,
]

export const m012Retention = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
