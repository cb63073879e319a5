// What is in service, what was controlled, and which control is due (CGU-122 to CGU-125).
import { sql, type Kysely } from 'kysely'
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
  /** `confirmation`: of a control « à confirmer », by the day that it named. */
  scope: 'policy' | 'confirmation'
  /** When the last control of the policy, or the one to confirm, was completed; null where there was none since it went into service. */
  lastOn: string | null
  dueOn: string
  /** The control of this scope that has been ordered already. */
  ordered: string | null
}>

/** What has to be controlled up to a day, the most urgent first: by the policy, and what was left to confirm. */
export const controlsDue = async (
  db: Db,
  asked: Readonly<{ by: string; everyMonths: number }>,
): Promise<readonly DueControl[]> =>
  [...(await policyDue(db, asked)), ...(await confirmationsDue(db))]
    .filter(({ dueOn }) => dueOn <= asked.by)
    .sort((a, b) => (`${a.dueOn} ${a.component}` < `${b.dueOn} ${b.component}` ? -1 : 1))

/** Components whose last control left something to confirm, unless they were changed or retired since. */
const confirmationsDue = async (db: Db): Promise<readonly DueControl[]> => {
  const { rows } = await sql<Omit<DueControl, 'scope'>>`
    select c.component, c.kind, k.completed_on as "lastOn", k.confirm_by as "dueOn",
      (select o.control from control o
        where o.component = c.component and o.scope = 'confirmation' and o.completed_on is null) as ordered
    from component c join control k on k.component = c.component
    where c.status <> 'retired' and k.confirm_by is not null and k.completed_on >= left(c.changed_at, 10)
      and not exists (select 1 from control n
        where n.component = c.component and n.rank > k.rank and n.completed_on is not null)`.execute(db)
  return rows.map((row) => ({ ...row, scope: 'confirmation' }))
}

/** Components in service with the day of their next control of the policy. */
const policyDue = async (
  db: Db,
  { everyMonths }: Readonly<{ everyMonths: number }>,
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
  return rows.map(({ component, kind, commissioned_at: since, last_on: lastOn, ordered }) => ({
    ...{ component, kind, scope: 'policy', lastOn, ordered },
    dueOn: controlDueOn(lastOn ?? dayOf(since ?? ''), everyMonths),
  }))
}
