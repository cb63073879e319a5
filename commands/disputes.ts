// CGU-119: « En cas de litige le porteur prend attache avec le service d'assistance aux utilisateurs de son entité (via un
// appel téléphonique ou via une interface web dédiée). »
// CGU-120: « Cette action est tracée dans un outil permettant de suivre le traitement. »
import { certificate, type Certificate } from '../domain/certificate.ts'
import { dispute, type Dispute, type DisputeEvent } from '../domain/dispute.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { notForOneself } from '../domain/policy/separation.ts'

type Data<T extends DisputeEvent['type']> = Extract<DisputeEvent, { type: T }>['data']
type In<T> = { dispute: string } & T

export type OpenDispute = Command<
  'OpenDispute',
  In<Omit<Data<'DisputeOpened'>, 'holder' | 'ticket'> & { holder: string; ticket: string }>
>
export type CloseDispute = Command<'CloseDispute', In<Data<'DisputeClosed'>>>

const on = { aggregate: dispute, stream: ({ data }: { data: { dispute: string } }) => data.dispute }

/** The support writes down what a holder brings, with the ticket that follows it; about a certificate, if at all, of his own. */
export const openDispute: Decider<Dispute, OpenDispute, DisputeEvent, Certificate | undefined> = {
  ...on,
  type: 'OpenDispute',
  who: ['supportAgent'],
  facts: async (fold, { data: { serial } }) =>
    serial === undefined ? undefined : await fold(certificate, serial),
  decide: ({ data: { dispute: _, ...data } }, state, subject) => {
    if (state.status !== 'unknown') return refuse('CGU-119', 'OUT_OF_ORDER', state.status)
    const isHis = subject === undefined || ('person' in subject && subject.person === data.holder)
    return isHis ? accept({ type: 'DisputeOpened', data }) : refuse('CGU-73', 'CERTIFICATE_UNKNOWN', 'serial')
  },
}

/** Nobody closes a dispute of his own (CGU-04). */
export const closeDispute: Decider<Dispute, CloseDispute, DisputeEvent> = {
  ...on,
  type: 'CloseDispute',
  who: ['supportAgent'],
  decide: ({ data: { dispute: _, ...data }, by }, state) => {
    if (state.status === 'unknown') return refuse('CGU-119', 'OUT_OF_ORDER', state.status)
    if (state.status === 'closed') return accept()
    const own = state.holder === undefined ? undefined : notForOneself(by, state.holder)
    return own ?? accept({ type: 'DisputeClosed', data })
  },
}
