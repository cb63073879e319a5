// CGU-114, CGU-106, CGU-107: what a component does is written down as it happens: when it ran, what was out of order.
import { component, faultKey, type Component, type ComponentEvent } from '../domain/component.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'

type Run = Extract<
  ComponentEvent,
  { type: 'ComponentStarted' | 'ComponentStopped' | 'ComponentFaultFound' | 'ComponentFaultCleared' }
>

export type RecordComponentRun = Command<'RecordComponentRun', Readonly<{ component: string; run: Run }>>

/** A fault that lasts is found once, and only a fault that was found is cleared. */
export const recordComponentRun: Decider<Component, RecordComponentRun, ComponentEvent> = {
  type: 'RecordComponentRun',
  who: ['program'],
  aggregate: component,
  stream: ({ data }) => data.component,
  decide: ({ data: { run } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-124', 'OUT_OF_ORDER', state.status)
    if (run.type === 'ComponentFaultFound' && state.faults.includes(faultKey(run.data))) return accept()
    if (run.type === 'ComponentFaultCleared' && !state.faults.includes(faultKey(run.data))) return accept()
    return accept(run)
  },
}
