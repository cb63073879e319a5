// What is known of a component before an event: whether it is in service, and what its controls have found.
import { dayOf } from '../../domain/policy/dates.ts'
import { text, type Place, type Seen } from './seen.ts'

export type KnownControl = Place &
  Readonly<{
    control: string
    scope: string
    dueOn: string
    orderedOn: string
    verdict?: string
    completedOn?: string
    recordedOn?: string
    findings?: number
    confirmBy?: string
  }>
export type KnownComponent = Readonly<{
  kind: string
  status: 'declared' | 'inService' | 'retired'
  /** The day of its declaration or of its last significant change. */
  changedOn: string
  /** When it first went into service. */
  since?: string
  /** Of the last control completed since that day. */
  verdict?: string
  /** When the last control of the policy was completed. */
  policyOn?: string
  /** A control « à confirmer » that nothing has confirmed yet. */
  toConfirm?: Place & Readonly<{ confirmBy: string }>
  controls: readonly KnownControl[]
}>

const completed = (before: KnownComponent, seen: Seen): KnownComponent => {
  const [control, verdict, completedOn] = ['control', 'verdict', 'completedOn'].map((field) =>
    text(seen, field),
  )
  if (control === undefined || verdict === undefined || completedOn === undefined) return before
  const { toConfirm: open, ...rest } = before
  const confirmBy = text(seen, 'confirmBy')
  const more = confirmBy === '' ? {} : { confirmBy }
  const done = { verdict, completedOn, recordedOn: dayOf(seen.at), ...more }
  const findings = Number(seen.data['findingCount'])
  const controls = before.controls.map((one) =>
    one.control === control ? { ...one, ...done, findings } : one,
  )
  const scope = controls.find((one) => one.control === control)?.scope
  return {
    ...{ ...rest, verdict, controls },
    ...(scope === 'policy' ? { policyOn: completedOn } : {}),
    ...(verdict === 'toConfirm'
      ? { toConfirm: { stream: seen.stream, rank: seen.rank, at: seen.at, confirmBy } }
      : {}),
    ...(verdict === 'failed' && open !== undefined ? { toConfirm: open } : {}),
  }
}

const evolve = (before: KnownComponent, seen: Seen): KnownComponent => {
  switch (seen.type) {
    case 'ComponentModified': {
      if (seen.data['significant'] !== true) return before
      const { verdict: _, ...rest } = before
      return { ...rest, status: 'declared', changedOn: dayOf(seen.env.occurredAt) }
    }
    case 'ControlOrdered': {
      const { stream, rank, at } = seen
      const [control, scope, dueOn] = [text(seen, 'control'), text(seen, 'scope'), text(seen, 'dueOn')]
      const ordered = { stream, rank, at, control, scope, dueOn, orderedOn: dayOf(seen.env.occurredAt) }
      return { ...before, controls: [...before.controls, ordered] }
    }
    case 'ControlCompleted':
      return completed(before, seen)
    case 'ComponentCommissioned':
      return { ...before, status: 'inService', since: before.since ?? dayOf(seen.env.occurredAt) }
    case 'ComponentRetired':
      return { ...before, status: 'retired' }
    default:
      return before
  }
}

/** Takes in an event of a component. */
export const evolveComponent = (components: Map<string, KnownComponent>, seen: Seen): void => {
  const changedOn = dayOf(seen.env.occurredAt)
  const before = components.get(seen.id)
  if (seen.type === 'ComponentDeclared')
    components.set(seen.id, { kind: text(seen, 'kind'), status: 'declared', changedOn, controls: [] })
  else if (before !== undefined) components.set(seen.id, evolve(before, seen))
}
