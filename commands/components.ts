// CGU-124: « avant la première mise en service d'une composante du service d’émission de certificats … l'AC fera
// également procéder à un contrôle de conformité de cette composante. » CGU-125: « ou suite à toute modification
// significative au sein d'une composante ».
import { component, type Component, type ComponentEvent, type ComponentFile } from '../domain/component.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { notForOneself } from '../domain/policy/separation.ts'

type Data<T extends ComponentEvent['type']> = Extract<ComponentEvent, { type: T }>['data']
type In<T> = { component: string } & T

export type DeclareComponent = Command<'DeclareComponent', In<Omit<Data<'ComponentDeclared'>, 'author'>>>
export type ModifyComponent = Command<
  'ModifyComponent',
  In<Omit<Data<'ComponentModified'>, 'author' | 'changedOn'>>
>
export type RetireComponent = Command<'RetireComponent', In<Data<'ComponentRetired'>>>
export type CommissionComponent = Command<'CommissionComponent', { component: string }>

const on = { aggregate: component, stream: ({ data }: { data: { component: string } }) => data.component }

export const declareComponent: Decider<Component, DeclareComponent, ComponentEvent> = {
  ...on,
  type: 'DeclareComponent',
  who: ['caOfficer', 'systemOperator'],
  decide: ({ data: { component: _, ...data }, by }, state) =>
    state.status === 'unknown'
      ? accept({ type: 'ComponentDeclared', data: { ...data, author: by.person } })
      : refuse('CGU-124', 'OUT_OF_ORDER', state.status),
}

/** After a significant change it is out of service until it has been controlled. */
export const modifyComponent: Decider<Component, ModifyComponent, ComponentEvent> = {
  ...on,
  type: 'ModifyComponent',
  who: ['caOfficer', 'systemOperator'],
  decide: ({ data: { component: _, ...data }, by, at }, state) =>
    state.status === 'unknown' || state.status === 'retired'
      ? refuse('CGU-124', 'OUT_OF_ORDER', state.status)
      : accept({ type: 'ComponentModified', data: { ...data, changedOn: dayOf(at), author: by.person } }),
}

export const retireComponent: Decider<Component, RetireComponent, ComponentEvent> = {
  ...on,
  type: 'RetireComponent',
  who: ['caOfficer', 'systemOperator'],
  decide: ({ data: { component: _, ...data } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-124', 'OUT_OF_ORDER', state.status)
    return state.status === 'retired' ? accept() : accept({ type: 'ComponentRetired', data })
  },
}

const commissioned = ({ by }: CommissionComponent, state: ComponentFile): Decision<ComponentEvent> => {
  const { own: control, modified } = state
  if (control?.verdict !== 'passed')
    return refuse(modified ? 'CGU-125' : 'CGU-124', 'COMPONENT_NOT_CONTROLLED', control?.verdict ?? 'none')
  const himself = control.auditor === undefined ? undefined : notForOneself(by, control.auditor)
  return himself ?? accept({ type: 'ComponentCommissioned', data: { control: control.id } })
}

/** On a control that was passed after the declaration and after the last significant change, and on no other. */
export const commissionComponent: Decider<Component, CommissionComponent, ComponentEvent> = {
  ...on,
  type: 'CommissionComponent',
  who: ['caOfficer'],
  decide: (command, state) => {
    if (state.status === 'inService') return accept()
    if (state.status !== 'declared') return refuse('CGU-124', 'OUT_OF_ORDER', state.status)
    return commissioned(command, state)
  },
}
