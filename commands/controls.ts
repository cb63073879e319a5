// CGU-122: « Un contrôle de conformité de la PC pourra être effectué, sur demande du Comité de Surveillance. »
// CGU-123: « L’AC s’engage à effectuer ce contrôle au minimum une fois tous les deux ans. »
import { component, type Component, type ComponentEvent, type ComponentFile } from '../domain/component.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { verdictOn } from '../domain/policy/components.ts'
import { dayOf } from '../domain/policy/dates.ts'

type Data<T extends ComponentEvent['type']> = Extract<ComponentEvent, { type: T }>['data']
type In<T> = { component: string } & T

export type OrderControl = Command<'OrderControl', In<Omit<Data<'ControlOrdered'>, 'orderedBy'>>>
export type CompleteControl = Command<
  'CompleteControl',
  In<
    Omit<Data<'ControlCompleted'>, 'auditor' | 'control'> & {
      /** Left out: the one ordered first. */ control?: string
    }
  >
>

const on = { aggregate: component, stream: ({ data }: { data: { component: string } }) => data.component }

const outOfOrder = (detail: string): Decision<never> => refuse('CGU-122', 'OUT_OF_ORDER', detail)

/** Ordered by the Comité, or by the CA from the list of what is due; one control of a scope at a time. */
export const orderControl: Decider<Component, OrderControl, ComponentEvent> = {
  ...on,
  type: 'OrderControl',
  who: ['supervisor', 'caOfficer'],
  decide: ({ data: { component: _, ...data }, by }, state) => {
    if (state.status === 'unknown' || state.status === 'retired') return outOfOrder(state.status)
    if (state.ordered.some(({ scope }) => scope === data.scope)) return outOfOrder('ordered')
    if (state.done.includes(data.control)) return outOfOrder('completed')
    if (data.scope === 'confirmation' && (state.control === undefined || state.control.verdict === 'passed'))
      return outOfOrder('nothing to confirm')
    return accept({ type: 'ControlOrdered', data: { ...data, orderedBy: by.role } })
  },
}

/** CGU-123: what was to be confirmed and was not by its day has failed: only a control anew can follow. */
const tooLate = (state: ComponentFile, scope: string, day: string): Decision<never> | undefined =>
  scope === 'confirmation' && state.control !== undefined && verdictOn(state.control, day) === 'failed'
    ? refuse('CGU-123', 'OUT_OF_ORDER', 'confirmBy')
    : undefined

/** What does not fit: the day lies ahead, or before the last significant change; or only one of « à confirmer » and its deadline is there. */
const misdated = (
  { data, at }: CompleteControl,
  changedOn: string | undefined,
): Decision<never> | undefined => {
  if (data.completedOn > dayOf(at)) return outOfOrder('completedOn')
  // CGU-125: what was controlled before a significant change was another component.
  if (changedOn !== undefined && data.completedOn < changedOn)
    return refuse('CGU-125', 'OUT_OF_ORDER', 'completedOn')
  const fits =
    data.verdict === 'toConfirm'
      ? data.confirmBy !== undefined && data.completedOn <= data.confirmBy
      : data.confirmBy === undefined
  return fits ? undefined : outOfOrder('confirmBy')
}

/** Completed once, by an auditor who has neither declared the component nor changed it (CGU-04). */
export const completeControl: Decider<Component, CompleteControl, ComponentEvent> = {
  ...on,
  type: 'CompleteControl',
  who: ['auditor'],
  decide: (command, state) => {
    const { data, by } = command
    if (state.status === 'unknown') return outOfOrder(state.status)
    const open = state.ordered.find(({ id }) => data.control === undefined || id === data.control)
    if (open === undefined) return outOfOrder('not ordered')
    if (state.authors.includes(by.person)) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    const { component: _, ...found } = data
    return (
      // The control of the policy is about the service as a whole.
      misdated(command, open.scope === 'policy' ? undefined : state.changedOn) ??
      tooLate(state, open.scope, data.completedOn) ??
      accept({ type: 'ControlCompleted', data: { ...found, control: open.id, auditor: by.person } })
    )
  },
}
