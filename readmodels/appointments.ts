// Appointments as they are looked for. What is found here is only where to look: whether one is in force is judged on its own
// stream in the ledger (domain/policy/posts.ts).
import { sql, type Kysely } from 'kysely'
import type { Role } from '../domain/lists.ts'
import { RowsBehind } from './wholeRows.ts'
import type { AppointmentRow, Database } from './schema.ts'

type Db = Kysely<Database>

const idsOf = (rows: readonly Pick<AppointmentRow, 'appointment'>[]): readonly string[] =>
  rows.map(({ appointment }) => appointment)

/**
 * Ids of a person's appointments, oldest first. In one statement: nobody empties the table in the middle of it.
 * @param term keyed digest of the person number (blind kind `person`)
 * @throws RowsBehind while the table is built anew: whoever was relieved of a role has not got it back meanwhile
 */
export const appointmentsOf = async (db: Db, term: string): Promise<readonly string[]> => {
  const { rows } = await sql<{ ids: readonly string[]; isRebuilt: boolean }>`
    select coalesce((select json_agg(appointment order by rank) from appointment where person_term = ${term}), '[]') as ids,
      exists (select 1 from projection_checkpoint where name = 'appointments' and size < rebuild_to) as "isRebuilt"`.execute(
    db,
  )
  const [found] = rows
  if (found === undefined || found.isRebuilt) throw new RowsBehind('appointments are being built anew')
  return found.ids
}

export type AppointmentFilter = Readonly<{
  entity?: string
  role?: Role
  /** Rows before this rank, newest proposal first. */
  before?: number
  limit: number
}>

/** Appointments, newest first. */
export const findAppointments = async (
  db: Db,
  { entity, role, before, limit }: AppointmentFilter,
): Promise<readonly AppointmentRow[]> => {
  let query = db.selectFrom('appointment').selectAll()
  if (entity !== undefined) query = query.where('entity', '=', entity)
  if (role !== undefined) query = query.where('role', '=', role)
  if (before !== undefined) query = query.where('rank', '<', before)
  return query.orderBy('rank', 'desc').limit(limit).execute()
}

/** Appointments that have not ended though their last day is over, oldest first. */
export const pastTheirTerm = async (db: Db, day: string): Promise<readonly string[]> =>
  idsOf(
    await db
      .selectFrom('appointment')
      .select('appointment')
      .where('status', '!=', 'ended')
      .where('until_on', '<', day)
      .orderBy('rank')
      .execute(),
  )

/** Appointments for an entity that have not ended, oldest first. */
export const liveOf = async (db: Db, entity: string): Promise<readonly string[]> =>
  idsOf(
    await db
      .selectFrom('appointment')
      .select('appointment')
      .where('entity', '=', entity)
      .where('status', '!=', 'ended')
      .orderBy('rank')
      .execute(),
  )

/** Entities for which somebody is appointed. */
export const entitiesActedFor = async (db: Db): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('appointment')
    .select('entity')
    .distinct()
    .where('status', '!=', 'ended')
    .orderBy('entity')
    .execute()
  return rows.flatMap(({ entity }) => (entity === null ? [] : [entity]))
}

/** Pairs of accepted appointments of one person in different roles, the later acceptance first. */
export const heldTogether = async (
  db: Db,
  day: string,
): Promise<readonly Readonly<{ later: string; earlier: string }>[]> => {
  const { rows } = await sql<{ later: string; earlier: string }>`
    select a.appointment as later, b.appointment as earlier
    from appointment a join appointment b
      on a.person_term = b.person_term and a.role <> b.role and a.accepted_rank > b.accepted_rank
    where a.until_on >= ${day} and b.until_on >= ${day} and a.status = 'inForce'
      and (b.effective_on is null or b.effective_on >= ${day})
    order by a.accepted_rank`.execute(db)
  return rows
}
