// CGU-34: « La personnalisation du dispositif matériel de type QSCD du porteur et la délivrance du certificat sont
// réalisées par l’AE en présence du porteur ». One session is one serial, one key, one card; a failed one is closed and
// the next draws everything anew.
import { certificate, type Certificate } from '../domain/certificate.ts'
import { card, isAllotted, type Card } from '../domain/card.ts'
import { component, type Component } from '../domain/component.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Fold } from '../domain/kernel.ts'
import { escrowed, key } from '../domain/key.ts'
import type { SessionOutcome } from '../domain/lists.ts'
import { notHeld } from '../domain/policy/cards.ts'
import { notInService } from '../domain/policy/components.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { isHis, isNumberOf, planOldKeys, type OldKey } from '../domain/policy/oldKeys.ts'
import { notRenewable } from '../domain/policy/renewal.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { hasCard } from '../domain/policy/session.ts'
import {
  request,
  type Request,
  type RequestEvent,
  type RequestFile,
  type Session,
} from '../domain/request.ts'
import { previousOf } from './validateRequest.ts'

type Opened = Extract<RequestEvent, { type: 'SessionOpened' }>['data']

export type OpenSession = Command<
  'OpenSession',
  {
    request: string
    holderPresent: boolean
    /** The component where it takes place. */
    desk: string
    documentNumber?: string
    /** Drawn by the shell: 126 random bits, and a fresh card number. */
    serial: string
    card: string
    /** Keys that the card holds, and their sizes: by the policy and the driver (domain/policy/cards.ts). */
    slots: number
    keySizes: readonly number[]
    /** Serials of the holder's earlier certificates, newest first, looked up by the shell: the ledger says which keys count. */
    earlier: readonly string[]
    /** The request whose session the read model shows at the desk. */
    atDesk?: string
  }
>
export type CloseSession = Command<'CloseSession', { request: string; outcome: SessionOutcome }>
export type HandOverCard = Command<'HandOverCard', { request: string; receipt: string }>

type Opening = Readonly<{
  desk: Component
  employer: Entity | undefined
  earlier: readonly OldKey[]
  /** The session that holds the desk, if it is still open. */
  rival: Request | undefined
  /** The certificate that a renewal follows. */
  previous: Certificate | undefined
}>

/** CGU-34: a desk has one holder before it. CGU-124: and was controlled before it opened. CGU-14: its card takes the key. */
const notAtDesk = ({ data }: OpenSession, { desk, rival }: Opening): Decision<never> | undefined => {
  if (!data.holderPresent) return refuse('CGU-34', 'HOLDER_ABSENT', 'holderPresent')
  if (desk.status !== 'unknown' && desk.kind !== 'desk')
    return refuse('CGU-124', 'COMPONENT_NOT_IN_SERVICE', desk.kind)
  const notControlled = notInService(desk)
  if (notControlled) return notControlled
  return data.atDesk !== data.request && rival?.status === 'inSession' && rival.session?.desk === data.desk
    ? refuse('CGU-34', 'DESK_BUSY', data.desk)
    : notHeld(data)
}

/** CGU-43: « sa ou ses anciennes clés »: another's are never asked for, whatever the shell has looked up. */
export const ofAnother = (file: RequestFile, earlier: readonly OldKey[]): Decision<never> | undefined =>
  earlier.some(({ certificate: one }) => 'person' in one && !isNumberOf(file, one.person ?? ''))
    ? refuse('CGU-43', 'CARD_OF_ANOTHER_HOLDER', 'earlier')
    : undefined

/** One earlier certificate, and the key behind it, as the ledger has them; and whether it is the holder's of this file. */
export const foldOldKey = async (fold: Fold, serial: string, file: Request): Promise<OldKey> => {
  const state = await fold(certificate, serial)
  const held = 'spkiSha256' in state ? await fold(key, state.spkiSha256) : key.initial
  const kept = escrowed(held)
  const isShown = kept !== undefined && isHis(file, kept, await fold(request, kept.request))
  return { serial, certificate: state, key: held, isHis: isShown }
}

export const openSession: Decider<Request, OpenSession, RequestEvent, Opening> = {
  type: 'OpenSession',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data }, state) => {
    const previous = previousOf(state)
    return {
      employer:
        state.status === 'unknown' || state.identity === undefined
          ? undefined
          : await fold(entity, state.identity.entity),
      desk: await fold(component, data.desk),
      earlier: await Promise.all(data.earlier.map((serial) => foldOldKey(fold, serial, state))),
      rival: data.atDesk === undefined ? undefined : await fold(request, data.atDesk),
      previous: previous === undefined ? undefined : await fold(certificate, previous),
    }
  },
  decide: (command, state, facts) => {
    const { by, at } = command
    if (state.status !== 'validated') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    if (state.lapsesOn !== undefined && state.lapsesOn < dayOf(at))
      return refuse('CGU-34', 'OUT_OF_ORDER', 'lapsed')
    if (!verifiedAt(facts.employer, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
    return (
      notAtDesk(command, facts) ??
      notForOneself(by, state.person) ??
      // CGU-57: what has been revoked since the validation is not renewed any more.
      (facts.previous === undefined ? undefined : notRenewable(facts.previous, at)) ??
      ofAnother(state, facts.earlier) ??
      accept({ type: 'SessionOpened', data: opened(command, state, facts.earlier) })
    )
  },
}

const opened = ({ data, at }: OpenSession, state: RequestFile, earlier: readonly OldKey[]): Opened => ({
  session: state.sessions + 1,
  presence: 'inPerson',
  desk: data.desk,
  card: data.card,
  serial: data.serial,
  // CGU-60: one place is the new key's.
  ...planOldKeys(earlier, data.slots - 1, at),
  ...(data.documentNumber === undefined ? {} : { documentNumber: data.documentNumber }),
})

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

/** The card was made in this session and has its PIN; the certificate was accepted. */
const notReady = (id: string, session: Session, facts: Handed): Decision<never> | undefined => {
  // The card on the desk may be in use already: what it was given before is not of this session.
  if (!hasCard({ request: id, session, card: facts.card }))
    return refuse('CGU-34', 'OUT_OF_ORDER', facts.card.status)
  if (facts.card.status !== 'inUse') return refuse('CGU-50', 'PIN_NOT_DEFINED', facts.card.status)
  return facts.certificate.status === 'accepted'
    ? undefined
    : refuse('CGU-37', 'CERTIFICATE_NOT_ACCEPTED', facts.certificate.status)
}

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
    const unready = notReady(data.request, state.session, facts)
    if (unready) return unready
    const { number, card: id } = state.session
    return accept({
      type: 'CardHandedOver',
      data: {
        session: number,
        card: id,
        serials: isAllotted(facts.card) ? [...facts.card.serials] : [],
        receipt: data.receipt,
      },
    })
  },
}
