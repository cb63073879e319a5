// What is in service, what was controlled, and which control is due (CGU-122 to CGU-125).
import type { Kysely } from 'kysely'
import { dayOf } from '../domain/policy/dates.ts'
import { controlDueOn } from '../domain/policy/components.ts'
import type { ComponentRow, ControlRow, Database } from './schema.ts'

type Db = Kysely<Database>
type Page = Readonly<{ after?: number; limit: number }>

/** Components in the order in which they were declared. */
export const findComponents = async (db: Db, { after = -1, limit }: Page): Promise<readonly ComponentRow[]> =>
  db.selectFrom('component').selectAll().where('rank', '>', after).orderBy('rank').limit(limit).execute()

/** The first desk that is in service, whichever it is. */
export const anyDeskInService = async (db: Db): Promise<string | undefined> => {
  const row = await db
    .selectFrom('component')
    .select('component')
    .where('kind', '=', 'desk')
    .where('status', '=', 'inService')
    .orderBy('rank')
    .limit(1)
    .executeTakeFirst()
  return row?.component
}

/** The controls of a component, as they were ordered. */
export const controlsOf = async (db: Db, component: string): Promise<readonly ControlRow[]> =>
  db.selectFrom('control').selectAll().where('component', '=', component).orderBy('rank').execute()

export type DueControl = Readonly<{
  component: string
  kind: string
  /** When the last control of the policy was completed; null where there was none since it went into service. */
  lastOn: string | null
  dueOn: string
  /** The control of the policy that has been ordered already. */
  ordered: string | null
}>

/** Components in service with the day of their next control of the policy, up to a day, the most urgent first. */
export const controlsDue = async (
  db: Db,
  { by, everyMonths }: Readonly<{ by: string; everyMonths: number }>,
): Promise<readonly DueControl[]> => {
  const rows = await db
    .selectFrom('component as c')
    .leftJoin('control as k', (join) =>
      join.onRef('k.component', '=', 'c.component').on('k.scope', '=', 'policy'),
    )
    .where('c.status', '=', 'inService')
    .groupBy(['c.component', 'c.kind', 'c.commissioned_at'])
    .select(({ fn, eb }) => [
      'c.component',
      'c.kind',
      'c.commissioned_at',
      fn.max('k.completed_on').as('last_on'),
      fn
        .max(eb.case().when('k.completed_on', 'is', null).then(eb.ref('k.control')).else(null).end())
        .as('ordered'),
    ])
    .execute()
  return rows
    .map(({ component, kind, commissioned_at: since, last_on: lastOn, ordered }) => ({
      ...{ component, kind, lastOn, ordered },
      dueOn: controlDueOn(lastOn ?? dayOf(since ?? ''), everyMonths),
    }))
    .filter(({ dueOn }) => dueOn <= by)
    .sort((a, b) => (`${a.dueOn} ${a.component}` < `${b.dueOn} ${b.component}` ? -1 : 1))
}
