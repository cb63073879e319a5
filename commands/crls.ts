// CGU-05: « Liste des numéros de certificats ayant fait l’objet d’une révocation. La LCR est signée par l’autorité de
// certification ». Numbers rise by one without a gap (RGS A4 III.2): the stream's name is the lock.
import { crl, type Crl, type CrlEvent } from '../domain/crl.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'

type Data<T extends CrlEvent['type']> = Extract<CrlEvent, { type: T }>['data']
type Of<T> = { issuer: string; number: number } & T

export type PlanCrl = Command<'PlanCrl', Of<Omit<Data<'CrlPlanned'>, 'previousSha256'>>>
export type RecordCrl = Command<'RecordCrl', Of<Data<'CrlIssued'>>>
export type RejectCrlPlan = Command<'RejectCrlPlan', Of<Data<'CrlPlanRejected'>>>

const stream = ({ data }: { data: { issuer: string; number: number } }): string =>
  `${data.issuer}-${data.number}`

export const planCrl: Decider<Crl, PlanCrl, CrlEvent, Crl | undefined> = {
  type: 'PlanCrl',
  who: ['program', 'caOfficer'],
  aggregate: crl,
  stream,
  facts: async (fold, { data: { issuer, number } }) =>
    number === 1 ? undefined : await fold(crl, `${issuer}-${number - 1}`),
  decide: ({ data: { issuer: _, number, ...plan } }, state, previous) => {
    if (state.status !== 'none') return accept()
    if (number !== 1 && previous?.status !== 'issued')
      return refuse('CGU-05', 'CRL_NUMBER_NOT_NEXT', String(number))
    if (previous?.status !== 'issued') return accept({ type: 'CrlPlanned', data: plan })
    if (previous.last) return refuse('CGU-87', 'CRL_SERIES_ENDED', String(number))
    if (plan.upTo < previous.upTo) return refuse('CGU-05', 'CRL_NUMBER_NOT_NEXT', String(number))
    return accept({ type: 'CrlPlanned', data: { ...plan, previousSha256: previous.sha256 } })
  },
}

export const recordCrl: Decider<Crl, RecordCrl, CrlEvent> = {
  type: 'RecordCrl',
  who: ['program'],
  aggregate: crl,
  stream,
  decide: ({ data: { issuer: _, number, ...data } }, state) => {
    if (state.status === 'issued') return accept()
    if (state.status !== 'planned') return refuse('CGU-05', 'OUT_OF_ORDER', String(number))
    return accept({ type: 'CrlIssued', data })
  },
}

/** The lints found a fault: nothing was signed, and the same number is planned anew. */
export const rejectCrlPlan: Decider<Crl, RejectCrlPlan, CrlEvent> = {
  type: 'RejectCrlPlan',
  who: ['program'],
  aggregate: crl,
  stream,
  decide: ({ data: { issuer: _, number, ...data } }, state) =>
    state.status === 'planned'
      ? accept({ type: 'CrlPlanRejected', data })
      : refuse('CGU-05', 'OUT_OF_ORDER', String(number)),
}
