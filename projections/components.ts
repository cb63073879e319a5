// Components and their controls: what is in service, on which control, and what was ordered and found.
import type { ComponentEvent } from '../domain/component.ts'
import type { ComponentRow, ControlRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Data<T extends ComponentEvent['type']> = Extract<ComponentEvent, { type: T }>['data']

const declared = (data: Data<'ComponentDeclared'>, { stream, rank, env }: Recorded): ComponentRow => ({
  ...{ component: idOf(stream), rank, kind: data.kind, ra: data.ra ?? null, status: 'declared' },
  ...{ declared_at: env.occurredAt, changed_at: env.occurredAt },
  ...{ commissioned_at: null, commissioned_control: null },
})

const evolve = (row: ComponentRow, { type, data }: ComponentEvent, at: string): ComponentRow => {
  if (type === 'ComponentModified')
    return data.significant ? { ...row, status: 'declared', changed_at: at } : row
  if (type === 'ComponentCommissioned')
    return {
      ...{ ...row, status: 'inService', commissioned_control: data.control },
      commissioned_at: row.commissioned_at ?? at,
    }
  return type === 'ComponentRetired' ? { ...row, status: 'retired' } : row
}

const ordered = (data: Data<'ControlOrdered'>, { stream, rank, env }: Recorded): ControlRow => ({
  ...{ control: data.control, component: idOf(stream), rank, scope: data.scope },
  ...{ ordered_by: data.orderedBy, ordered_at: env.occurredAt, due_on: data.dueOn },
  ...{ verdict: null, completed_on: null, finding_count: null, confirm_by: null, report_sha256: null },
})

const completed = (row: ControlRow, data: Data<'ControlCompleted'>): ControlRow => ({
  ...{ ...row, verdict: data.verdict, completed_on: data.completedOn, finding_count: data.findingCount },
  ...{ confirm_by: data.confirmBy ?? null, report_sha256: data.reportSha256 },
})

const missing = (type: string): never => {
  throw new Error(`${type} before what it is about`)
}

type Rows = Readonly<{ components: Map<string, ComponentRow>; controls: Map<string, ControlRow> }>

const take = ({ components, controls }: Rows, { event, at }: Applied): void => {
  const { type, data } = event as ComponentEvent
  const id = idOf(at.stream)
  if (type === 'ComponentDeclared') components.set(id, declared(data, at))
  else if (type === 'ControlOrdered') controls.set(data.control, ordered(data, at))
  else if (type === 'ControlCompleted')
    controls.set(data.control, completed(controls.get(data.control) ?? missing(type), data))
  else
    components.set(
      id,
      evolve(components.get(id) ?? missing(type), { type, data } as ComponentEvent, at.env.occurredAt),
    )
}

export const components: Projection = {
  name: 'components',
  version: 1,
  streams: ['component-'],
  tables: ['component', 'control'],
  apply: async (tx, batch) => {
    const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const [known, controls] = [
      await tx.selectFrom('component').selectAll().where(isAnyOf('component', ids)).execute(),
      await tx.selectFrom('control').selectAll().where(isAnyOf('component', ids)).execute(),
    ]
    const rows = {
      components: new Map(known.map((row) => [row.component, row])),
      controls: new Map(controls.map((row) => [row.control, row])),
    }
    for (const applied of batch) take(rows, applied)
    await upsertRows(tx, 'component', ['component'], [...rows.components.values()])
    await upsertRows(tx, 'control', ['control'], [...rows.controls.values()])
  },
}
