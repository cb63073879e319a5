// CGU-111, CGU-112: what leaves the ledger is on record: exports for controls, and personal data disclosed by two persons to
// somebody entitled, until they are returned or destroyed.
import { disclosure, type Disclosure, type DisclosureEvent } from '../domain/disclosure.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { alone, presentAt, type Second } from '../domain/policy/dualControl.ts'

type Data<T extends DisclosureEvent['type']> = Extract<DisclosureEvent, { type: T }>['data']
type On<T> = { export: string } & T

export type ProduceExport = Command<'ProduceExport', On<Data<'ExportProduced'>>>
export type DiscloseData = Command<
  'DiscloseData',
  /** `second`: the security officer, who has signed in for this very act. */
  On<Omit<Data<'PersonalDataDisclosed'>, 'present'> & { second?: Second }>
>
export type EndDisclosure = Command<'EndDisclosure', On<Data<'DisclosureEnded'>>>

const onExport = {
  aggregate: disclosure,
  stream: ({ data }: { data: { export: string } }) => data.export,
}

export const produceExport: Decider<Disclosure, ProduceExport, DisclosureEvent> = {
  ...onExport,
  type: 'ProduceExport',
  who: ['auditor', 'supervisor', 'program'],
  decide: ({ data: { export: _, ...data } }, state) => {
    if (state.status !== 'unknown') return refuse('CGU-111', 'OUT_OF_ORDER', state.status)
    return data.fromSize <= data.toSize
      ? accept({ type: 'ExportProduced', data })
      : refuse('CGU-111', 'OUT_OF_ORDER', 'fromSize')
  },
}

export const discloseData: Decider<Disclosure, DiscloseData, DisclosureEvent> = {
  ...onExport,
  type: 'DiscloseData',
  who: ['caOfficer'],
  decide: ({ data: { export: _, second, ...data }, by, at }, state) => {
    if (state.status !== 'unknown') return refuse('CGU-112', 'OUT_OF_ORDER', state.status)
    const single = alone(by, second)
    if (single) return single
    if (data.returnBy < dayOf(at)) return refuse('CGU-112', 'OUT_OF_ORDER', 'returnBy')
    return accept({
      type: 'PersonalDataDisclosed',
      data: { ...data, present: presentAt(by, second, 'communication de données') },
    })
  },
}

export const endDisclosure: Decider<Disclosure, EndDisclosure, DisclosureEvent> = {
  ...onExport,
  type: 'EndDisclosure',
  who: ['caOfficer'],
  decide: ({ data: { outcome } }, state) => {
    if (state.status === 'ended') return accept()
    if (state.status !== 'held') return refuse('CGU-112', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'DisclosureEnded', data: { outcome } })
  },
}
