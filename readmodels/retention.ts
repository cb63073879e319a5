// Due lists: which units have come to their term, which of them are on hold, and what keeps the others (CGU-113 to CGU-116).
import { sql, type Kysely } from 'kysely'
import type { Database, RetentionUnitRow } from './schema.ts'

type Db = Kysely<Database>

export type DueQuery = Readonly<{
  class: RetentionUnitRow['class']
  /** A term that has started later than this still runs (`startedBy` of domain/policy/retention.ts). */
  startedBy: string
  /** A floor that lies later than this is not reached. */
  at: string
  /** These units alone. */
  units?: readonly string[]
  limit: number
}>

export type DueRow = Readonly<{ unit: string; starts_at: string; floor_at: string | null; held: boolean }>

/**
 * Units whose term has ended, oldest first, those on hold among them. A file waits for the files that rely on it, directly or
 * through others; the file of an entity or an appointment for those that were begun while it lasted.
 */
export const dueUnits = async (db: Db, query: DueQuery): Promise<readonly DueRow[]> => {
  const { class: kept, startedBy, at, units, limit } = query
  const named = units === undefined ? sql`true` : sql`c.unit = any(${units}::text[])`
  const { rows } = await sql<DueRow>`
    select c.unit, c.starts_at, c.floor_at,
      exists (select 1 from retention_hold h where h.unit = c.unit) as held
    from retention_unit c
    where c.class = ${kept} and c.destroyed_at is null and c.run is null and ${named}
      and c.starts_at <= ${startedBy} and (c.floor_at is null or c.floor_at <= ${at})
      and not exists (
        with recursive relying as (
          select r.unit, r.starts_at, r.floor_at from retention_unit r
            where r.relies_on = c.unit and r.destroyed_at is null
          union
          select r.unit, r.starts_at, r.floor_at from retention_unit r join relying on r.relies_on = relying.unit
            where r.destroyed_at is null
        )
        select 1 from relying
          where starts_at is null or starts_at > ${startedBy} or floor_at > ${at}
      )
      and (c.kind not in ('entity', 'appointment') or not exists (
        select 1 from retention_unit o
          where o.kind in ('request', 'recovery') and o.destroyed_at is null and o.began_at <= c.starts_at
      ))
    order by c.starts_at, c.unit
    limit ${limit}`.execute(db)
  return rows
}

/** Those of some units that are on hold. */
export const heldAmong = async (db: Db, units: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await sql<{ unit: string }>`
    select distinct unit from retention_hold where unit = any(${units}::text[]) order by unit`.execute(db)
  return rows.map(({ unit }) => unit)
}

/** Runs that have neither been carried out nor given up. */
export const openRuns = async (db: Db): Promise<readonly string[]> => {
  const { rows } = await sql<{ run: string }>`
    select distinct run from retention_unit where run is not null and destroyed_at is null order by run`.execute(
    db,
  )
  return rows.map(({ run }) => run)
}

/** Those of some units that nothing is kept under: there never was such a unit, or it has been destroyed. */
export const unknownAmong = async (db: Db, units: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await sql<{ unit: string }>`
    select unit from retention_unit where unit = any(${units}::text[]) and destroyed_at is null`.execute(db)
  const kept = new Set(rows.map(({ unit }) => unit))
  return units.filter((unit) => !kept.has(unit))
}

/** How many units of each class are kept, on hold, gone. */
export const countUnits = async (
  db: Db,
): Promise<readonly Readonly<{ class: string; kept: number; held: number; destroyed: number }>[]> => {
  const { rows } = await sql<{ class: string; kept: number; held: number; destroyed: number }>`
    select class, count(*) filter (where destroyed_at is null) as kept,
      count(*) filter (where destroyed_at is null
        and exists (select 1 from retention_hold h where h.unit = u.unit)) as held,
      count(*) filter (where destroyed_at is not null) as destroyed
    from retention_unit u group by class order by class`.execute(db)
  return rows
}
