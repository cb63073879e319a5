// Components: a part of the service, or the service as a whole, with its controls (CGU-121 to CGU-125) and how it ran.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type, type Static } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { b, code, d, h, id, n, url } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { componentFault, componentKind, controlScope, role, verdict } from './lists.ts'

const optional = Type.Optional
// Who declared or modified it, so that he does not control it himself. It dies with his journal.
const author = { jou: { author: optional(id) } }

const ComponentDeclared = event('ComponentDeclared', {
  pub: { kind: componentKind, ra: optional(code), configurationSha256: h },
  sealed: author,
})
const ComponentModified = event('ComponentModified', {
  pub: { significant: b, release: optional(code), configurationSha256: h, changedOn: optional(d) },
  sealed: author,
})
const ComponentRetired = event('ComponentRetired', { pub: { cause: code } })
const ControlOrdered = event('ControlOrdered', {
  pub: { control: id, scope: controlScope, orderedBy: role, dueOn: d },
})
const ControlCompleted = event('ControlCompleted', {
  pub: { control: id, verdict, completedOn: d, findingCount: n, confirmBy: optional(d), reportSha256: h },
  sealed: { jou: { auditor: id } },
})
const ComponentCommissioned = event('ComponentCommissioned', { pub: { control: id } })
const ComponentStarted = event('ComponentStarted', { pub: { configurationSha256: h, planned: b } })
const ComponentStopped = event('ComponentStopped', { pub: { configurationSha256: h, planned: b } })
const faultOf = {
  kind: componentFault,
  subject: optional(url),
  expected: optional(code),
  found: optional(code),
}
const ComponentFaultFound = event('ComponentFaultFound', { pub: faultOf })
const ComponentFaultCleared = event('ComponentFaultCleared', { pub: faultOf })

export const componentForms = [
  ComponentDeclared,
  ComponentModified,
  ComponentRetired,
  ControlOrdered,
  ControlCompleted,
  ComponentCommissioned,
  ComponentStarted,
  ComponentStopped,
  ComponentFaultFound,
  ComponentFaultCleared,
] as const
export type ComponentEvent = EventOf<(typeof componentForms)[number]>

export type ControlScope = Static<typeof controlScope>
export type Verdict = Static<typeof verdict>

type Ordered = Readonly<{ id: string; scope: ControlScope; dueOn: string }>
export type Completed = Readonly<{
  id: string
  verdict: Verdict
  completedOn: string
  confirmBy: string | undefined
  auditor: string | undefined
}>
export type ComponentFile = Readonly<{
  status: 'declared' | 'inService' | 'retired'
  kind: string
  ra: string | undefined
  /** Persons who declared it or changed it, as far as their journals last. */
  authors: readonly string[]
  /** It has been in service before: what it waits for is the control after a modification. */
  modified: boolean
  ordered: readonly Ordered[]
  done: readonly string[]
  /** The day of the last significant change. */
  changedOn: string | undefined
  /** The last control completed since the declaration or the last significant change. */
  control: Completed | undefined
  /** The last of those that were about this component, not about the service as a whole: what it is commissioned on. */
  own: Completed | undefined
  /** Faults that last, as `<kind> <subject>`. */
  faults: readonly string[]
}>
export type Component = Readonly<{ status: 'unknown' }> | ComponentFile

type Data<T extends ComponentEvent['type']> = Extract<ComponentEvent, { type: T }>['data']

export const faultKey = ({ kind, subject = '' }: Pick<Data<'ComponentFaultFound'>, 'kind' | 'subject'>) =>
  `${kind} ${subject}`

const authorsOf = (data: Data<'ComponentDeclared' | 'ComponentModified'>): readonly string[] => {
  const person = opened(data.author)
  return person === undefined ? [] : [person]
}

const declared = (data: Data<'ComponentDeclared'>): ComponentFile => ({
  ...{ status: 'declared', kind: data.kind, ra: data.ra, authors: authorsOf(data), modified: false },
  ...{ ordered: [], done: [], changedOn: undefined, control: undefined, own: undefined },
  faults: [],
})

/**
 * A significant change asks for a control anew: what was ordered before it would control what is no more. Any other change leaves
 * everything as it is (CGU-125). The control of the policy goes on: it is about the service as a whole.
 */
const changed = (state: ComponentFile, data: Data<'ComponentModified'>): ComponentFile => {
  const authors = [...new Set([...state.authors, ...authorsOf(data)])]
  if (!data.significant) return { ...state, authors }
  const ordered = state.ordered.filter(({ scope }) => scope === 'policy')
  const waiting = { status: 'declared', modified: true, control: undefined, own: undefined } as const
  return { ...state, ...waiting, authors, ordered, changedOn: data.changedOn }
}

const completed = (state: ComponentFile, data: Data<'ControlCompleted'>): ComponentFile => {
  const control = {
    ...{ id: data.control, verdict: data.verdict, completedOn: data.completedOn },
    ...{ confirmBy: data.confirmBy, auditor: opened(data.auditor) },
  }
  const scope = state.ordered.find(({ id: ordered }) => ordered === data.control)?.scope
  // A confirmation is of the control that it confirms.
  const isOfService = scope === 'policy' || (scope === 'confirmation' && state.control !== state.own)
  return {
    ...state,
    ordered: state.ordered.filter(({ id: ordered }) => ordered !== data.control),
    done: [...state.done, data.control],
    control,
    own: isOfService ? state.own : control,
  }
}

const evolve = (state: Component, { type, data }: ComponentEvent): Component => {
  if (type === 'ComponentDeclared') return declared(data)
  if (state.status === 'unknown') throw new Error(`${type} before ComponentDeclared`)
  switch (type) {
    case 'ComponentModified':
      return changed(state, data)
    case 'ComponentRetired':
      return { ...state, status: 'retired' }
    case 'ControlOrdered': {
      const { control, scope, dueOn } = data
      return { ...state, ordered: [...state.ordered, { id: control, scope, dueOn }] }
    }
    case 'ControlCompleted':
      return completed(state, data)
    case 'ComponentCommissioned':
      return { ...state, status: 'inService' }
    case 'ComponentFaultFound':
      return { ...state, faults: [...state.faults, faultKey(data)] }
    case 'ComponentFaultCleared':
      return { ...state, faults: state.faults.filter((fault) => fault !== faultKey(data)) }
    case 'ComponentStarted':
    case 'ComponentStopped':
      return state
    default:
      return unreachable(type)
  }
}

export const component: Aggregate<Component, ComponentEvent> = {
  name: 'component',
  initial: { status: 'unknown' },
  evolve,
  ...codec(componentForms),
  units: () => ({}),
}
