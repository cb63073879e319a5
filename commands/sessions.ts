// CGU-34: « La personnalisation du dispositif matériel de type QSCD du porteur et la délivrance du certificat sont
// réalisées par l’AE en présence du porteur ». One session is one serial, one key, one card; a failed one is closed and
// the next draws everything anew.
import { certificate, type Certificate } from '../domain/certificate.ts'
import { card, type Card } from '../domain/card.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { SessionOutcome } from '../domain/lists.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

type Opened = Extract<RequestEvent, { type: 'SessionOpened' }>['data']

export type OpenSession = Command<
  'OpenSession',
  {
    request: string
    holderPresent: boolean
    desk?: string
    documentNumber?: string
    /** Drawn by the shell: 126 random bits, and a fresh card number. */
    serial: string
    card: string
    /** Old keys to put on the card, newest first, and those that it cannot hold (CGU-43). */
    recover: readonly string[]
    leftOut: Opened['leftOut']
  }
>
export type CloseSession = Command<'CloseSession', { request: string; outcome: SessionOutcome }>
export type HandOverCard = Command<'HandOverCard', { request: string; receipt: string }>

export const openSession: Decider<Request, OpenSession, RequestEvent, Entity | undefined> = {
  type: 'OpenSession',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, _, state) =>
    state.status === 'unknown' || state.identity === undefined
      ? undefined
      : await fold(entity, state.identity.entity),
  decide: ({ data, by, at }, state, employer) => {
    if (state.status !== 'validated') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    if (!data.holderPresent) return refuse('CGU-34', 'HOLDER_ABSENT', 'holderPresent')
    if (state.lapsesOn !== undefined && state.lapsesOn < dayOf(at))
      return refuse('CGU-34', 'OUT_OF_ORDER', 'lapsed')
    if (!verifiedAt(employer, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
    const { request: _, holderPresent: __, ...plan } = data
    return (
      notForOneself(by, state.person) ??
      accept({
        type: 'SessionOpened',
        data: { ...plan, recover: [...plan.recover], session: state.sessions + 1, presence: 'inPerson' },
      })
    )
  },
}

export const closeSession: Decider<Request, CloseSession, RequestEvent> = {
  type: 'CloseSession',
  who: ['raOfficer', 'program'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: ({ data }, state) => {
    if (state.status === 'validated') return accept()
    if (state.status !== 'inSession' || state.session === undefined)
      return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'SessionClosed', data: { session: state.session.number, outcome: data.outcome } })
  },
}

type Handed = Readonly<{ card: Card; certificate: Certificate }>

/** CGU-35: « … qui récupère à l’issue de cette séance son dispositif matériel personnalisé (sa carte) ». */
export const handOverCard: Decider<Request, HandOverCard, RequestEvent, Handed | undefined> = {
  type: 'HandOverCard',
  // CGU-58: whoever renews alone has the card in his own hand; the program records that he is done.
  who: ['raOfficer', 'program'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, _, state) =>
    state.status === 'unknown' || state.session === undefined
      ? undefined
      : {
          card: await fold(card, state.session.card),
          certificate: await fold(certificate, state.session.serial),
        },
  decide: ({ data, by }, state, facts) => {
    if (state.status === 'fulfilled') return accept()
    if (state.status !== 'inSession' || state.session === undefined || facts === undefined)
      return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    if (by.role === 'program' && state.session.presence !== 'selfService')
      return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
    const forbidden = notForOneself(by, state.person)
    if (forbidden) return forbidden
    if (facts.card.status !== 'inUse') return refuse('CGU-50', 'PIN_NOT_DEFINED', facts.card.status)
    if (facts.certificate.status !== 'accepted')
      return refuse('CGU-37', 'CERTIFICATE_NOT_ACCEPTED', facts.certificate.status)
    const { number, card: id } = state.session
    return accept({
      type: 'CardHandedOver',
      data: { session: number, card: id, serials: [...facts.card.serials], receipt: data.receipt },
    })
  },
}
