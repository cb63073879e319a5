// CGU-61 to CGU-64: « Une demande de révocation … peut être faite par : Le porteur lui-même, Un MC ou un représentant légal
// de l’entité du porteur ou une personne autorisée, L’AE, L’AC. »
// CGU-65 to CGU-68: « La demande de révocation peut être effectuée : … Sur Internet si le porteur dispose d’un moyen
// d’authentification au portail Self-service … En face-à-face entre le porteur et l’AE au cours duquel le porteur présente un
// document officiel d’identité … Via un centre d’appel en fonction de l’AE … Par courriel ou par courrier (en fonction de
// l’AE), la demande doit être signée par le demandeur. »
// CGU-75: « Une fois la demande authentifiée et contrôlée … »
// CGU-98: « Faire, sans délai, une demande de révocation de son certificat auprès de l’AE, du MC de son entité le cas échéant
// ou de l’AC »: what an MC is told counts from then on, and he passes it on.
import { refuse, type Decision } from '../kernel.ts'
import type { Authentication, Channel, Role } from '../lists.ts'
import type { Policy } from './policy.ts'
import type { ClauseId, RefusalCode } from '../refusals.ts'

export const requesters = [
  'holder',
  'mc',
  'legalRepresentative',
  'authorisedPerson',
  'raOfficer',
  'caOfficer',
] as const
export type Requester = (typeof requesters)[number]

/** What a requester must show on a channel: a column of the matrix, named by its proof. */
type Way =
  /** The holder, authenticated by the portal. */
  | 'portal'
  /** A representative, signed in himself, by his registered appointment. */
  | 'appointment'
  /** The holder's request that his certification agent, signed in, passes on. */
  | 'relay'
  /** The requester's identity document, shown to an officer. */
  | 'document'
  /** A call, where the direction has a call centre. */
  | 'call'
  /** The requester's signature, where the direction takes requests by mail. */
  | 'signature'
  /** The motive of an officer who acts on his own motion. */
  | 'motive'
type Closed = Readonly<{ clause: ClauseId; code: RefusalCode }>
type Cell = Way | Closed

const closed = (clause: ClauseId, code: RefusalCode): Closed => ({ clause, code })
const holderOnly = closed('CGU-65', 'PORTAL_AUTHENTICATION_REQUIRED')
const [notHolder, notMandated] = [
  closed('CGU-61', 'REVOKER_NOT_ENTITLED'),
  closed('CGU-62', 'REVOKER_NOT_ENTITLED'),
]
const [notRa, notCa] = [closed('CGU-63', 'CHANNEL_NOT_OPEN'), closed('CGU-64', 'CHANNEL_NOT_OPEN')]

type Row = Readonly<Record<Channel, Cell>>
const counter = { faceToFace: 'document', callCentre: 'call', email: 'signature', post: 'signature' } as const
// A representative is not excluded from the counter: he shows his own document, and his appointment is checked as well.
const mandated: Row = { portal: holderOnly, signedIn: 'appointment', ...counter, internal: notMandated }
const officerOf = (not: Closed): Row => ({
  ...{ portal: holderOnly, signedIn: not, faceToFace: not, callCentre: not, email: not, post: not },
  internal: 'motive',
})

/** Who may ask on which channel, and what he must show. Channels at a counter are also the direction's: see `offers`. */
export const matrix: Readonly<Record<Requester, Row>> = {
  holder: { portal: 'portal', signedIn: 'relay', ...counter, internal: notHolder },
  mc: mandated,
  legalRepresentative: mandated,
  authorisedPerson: mandated,
  raOfficer: officerOf(notRa),
  caOfficer: officerOf(notCa),
}

const officers: readonly Role[] = ['raOfficer', 'caOfficer']
export const isOfficer = (role: Role): boolean => officers.includes(role)

/** CGU-67: whether the direction has this channel. */
const offers = (policy: Policy, ra: string | undefined, channel: Channel): boolean =>
  policy.ras.find(({ code }) => code === ra)?.channels.includes(channel) === true

/** One request as it comes in. */
export type Incoming = Readonly<{
  requester: Requester
  /** Who is signed in and gives it: the requester himself, his certification agent, or an officer who records it. */
  by: Role
  channel: Channel
  ra: string | undefined
  signatureForm: 'none' | 'handwritten' | 'electronic'
  documentKind: string | undefined
  hasMotive: boolean
}>

const givenBy = (way: Way, { by, requester }: Incoming): Decision<never> | undefined => {
  if (way === 'motive') return by === requester ? undefined : refuse('CGU-06', 'ROLE_NOT_HELD', by)
  const fits = {
    portal: by === requester,
    appointment: by === requester,
    relay: by === 'mc',
    document: isOfficer(by),
    call: isOfficer(by),
    signature: isOfficer(by),
  }
  return fits[way] ? undefined : refuse('CGU-65', 'PORTAL_AUTHENTICATION_REQUIRED', way)
}

const shows = (way: Way, form: Incoming): Decision<never> | undefined => {
  if (way === 'document' && form.documentKind === undefined)
    return refuse('CGU-66', 'IDENTITY_DOCUMENT_REQUIRED', 'documentKind')
  if (way === 'signature' && form.signatureForm === 'none')
    return refuse('CGU-68', 'SIGNATURE_REQUIRED', 'signatureForm')
  if (way === 'motive' && !form.hasMotive)
    return refuse(form.by === 'caOfficer' ? 'CGU-64' : 'CGU-63', 'REVOCATION_MOTIVE_MISSING', 'cause')
  return undefined
}

/** The way in of a request, or the refusal that it meets. */
export const wayIn = (form: Incoming, policy: Policy): Way | Decision<never> => {
  const cell = matrix[form.requester][form.channel]
  if (typeof cell !== 'string') return refuse(cell.clause, cell.code, form.channel)
  const stranger = givenBy(cell, form)
  if (stranger) return stranger
  if (form.channel in counter && !offers(policy, form.ra, form.channel))
    return refuse('CGU-67', 'CHANNEL_NOT_OPEN', form.channel)
  return shows(cell, form) ?? cell
}

/** CGU-75: who asked is proved by the way in itself, or has to be proved by an officer in one of these ways. */
const proofs: Readonly<Record<Way, readonly Authentication[]>> = {
  portal: ['portal'],
  appointment: ['signedIn'],
  document: ['identityDocument'],
  motive: ['exOfficio'],
  relay: ['callback', 'signature', 'identityDocument'],
  call: ['callback'],
  signature: ['signature', 'callback'],
}
const provedByItself: readonly Way[] = ['portal', 'appointment', 'document', 'motive']

/** How the request is authenticated: `pending` when an officer has yet to do it. */
export const authenticationOf = (
  way: Way,
  by: Role,
  stated: Authentication | undefined,
): Authentication | 'pending' | Decision<never> => {
  const [own = 'exOfficio'] = proofs[way]
  if (stated === undefined) return provedByItself.includes(way) ? own : 'pending'
  if ((provedByItself.includes(way) || isOfficer(by)) && proofs[way].includes(stated)) return stated
  return refuse('CGU-75', 'REVOCATION_NOT_AUTHENTICATED', stated)
}

/** Whether an officer's proof authenticates a request that came in this way. */
export const proves = (stated: Authentication, requester: Role, channel: Channel): boolean => {
  const cell = requester in matrix ? matrix[requester as Requester][channel] : undefined
  return typeof cell === 'string' && proofs[cell].includes(stated)
}
