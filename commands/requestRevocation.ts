// CGU-71 to CGU-74: « La demande de révocation comporte au moins les informations suivantes : L'identité du porteur figurant
// dans le certificat (nom et prénom), Le nom du demandeur de la révocation, Une information permettant de retrouver rapidement
// et sans erreur le certificat à révoquer (par défaut le n° de série), Eventuellement, la cause de révocation. »
// Who may ask, and how: domain/policy/revocation.ts. A request whose way in proves who asks revokes at once; another one is
// open until an officer has authenticated it (commands/revocations.ts).
import type { Appointment } from '../domain/appointment.ts'
import {
  certificate,
  type Certificate,
  type CertificateEvent,
  type SignedCertificate,
} from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Fold } from '../domain/kernel.ts'
import type { Authentication, Channel, DocumentKind, RevocationCause, Role } from '../domain/lists.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'
import { namesOf, sameName } from '../domain/policy/names.ts'
import type { Policy } from '../domain/policy/policy.ts'
import {
  authenticationOf,
  isOfficer,
  requesters,
  wayIn,
  type Incoming,
  type Requester,
} from '../domain/policy/revocation.ts'
import { request, type Request } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'

export type RequestRevocation = Command<
  'RequestRevocation',
  {
    serial: string
    revocation: string
    /** As the requester names the holder; left out where he has chosen the certificate himself. */
    holderName?: string
    requesterName: string
    /** Who asks: the holder where an officer records, and whoever is signed in elsewhere, unless it is said. */
    requesterRole?: Requester
    /** Person number of a representative for whom an officer records. */
    requester?: string
    channel: Channel
    ra?: string
    signatureForm: 'none' | 'handwritten' | 'electronic'
    documentKind?: DocumentKind
    cause?: RevocationCause
    note?: string
    form?: string
    locatorGiven?: string
    /** First receipt, by whomever. */
    receivedAt: string
    receivedBy?: 'mc' | 'raOfficer' | 'caOfficer'
    /** Appointment of a representative or of a certification agent. */
    mandate?: string
    /** How the officer has made sure of who asks; left out, the request stays open. */
    authentication?: Authentication
  }
>

type Facts = Readonly<{ file: Request; appointment: Appointment | undefined }>

const requesterOf = ({ data, by }: RequestRevocation): Requester | undefined => {
  if (data.requesterRole !== undefined) return data.requesterRole
  if (isOfficer(by.role) && data.channel !== 'internal') return 'holder'
  return requesters.find((one) => one === by.role)
}

/** Whose appointment a request rests on: a representative's own, or that of the agent who passes on a holder's request. */
const appointee = ({ data, by }: RequestRevocation, role: Requester): { person: string; role: Role } => {
  if (role === 'holder') return { person: by.person, role: 'mc' }
  return { person: by.role === role ? by.person : (data.requester ?? ''), role }
}

const isAppointed = (command: RequestRevocation, role: Requester, facts: Facts): boolean => {
  const { at } = command
  const entity = facts.file.status === 'unknown' ? undefined : facts.file.identity?.entity
  if (facts.appointment === undefined || entity === undefined) return false
  // A legal representative acts by the law; the agent who passes a request on does not make it his own.
  const power = role === 'mc' || role === 'authorisedPerson' ? { power: 'revoke' as const } : {}
  return appointmentInForce(facts.appointment, { ...appointee(command, role), entity, ...power, at })
}

/** CGU-61, CGU-62: the certificate's own holder; or who stands for his entity. */
const notEntitled = (
  command: RequestRevocation,
  role: Requester,
  subject: SignedCertificate,
  facts: Facts,
): Decision<never> | undefined => {
  const { by } = command
  if (isOfficer(role)) return undefined
  if (role === 'holder' && by.role === 'holder')
    return subject.person === by.person ? undefined : refuse('CGU-61', 'REVOKER_NOT_ENTITLED', by.role)
  if (role === 'holder' && by.role !== 'mc') return undefined
  return isAppointed(command, role, facts) ? undefined : refuse('CGU-62', 'REVOKER_NOT_ENTITLED', role)
}

const holderOf = ({ file }: Facts): string | undefined =>
  file.status === 'unknown' || file.identity === undefined
    ? undefined
    : `${file.identity.surname} ${file.identity.givenNames}`

/** CGU-71: « figurant dans le certificat »: a name that was corrected since still stands there. */
const namesKnown = ({ file }: Facts): readonly string[] =>
  file.status === 'unknown'
    ? []
    : [file.certified, file.identity].flatMap((one) => (one === undefined ? [] : namesOf(one)))

/** CGU-71, CGU-72: the holder as he stands in the certificate, and who asks. */
const incomplete = ({ data }: RequestRevocation, facts: Facts): Decision<never> | undefined => {
  if (data.requesterName.trim() === '') return refuse('CGU-72', 'REQUESTER_NAME_MISSING', 'requesterName')
  const { holderName } = data
  const known = namesKnown(facts)
  const matches =
    known.length === 0 || holderName === undefined || known.some((name) => sameName(name, holderName))
  return matches ? undefined : refuse('CGU-71', 'HOLDER_NAME_MISMATCH', 'holderName')
}

const incomingOf = ({ data, by }: RequestRevocation, requester: Requester): Incoming => ({
  ...{ requester, by: by.role, channel: data.channel, ra: data.ra, signatureForm: data.signatureForm },
  documentKind: data.documentKind,
  hasMotive: data.cause !== undefined || (data.note ?? '').trim() !== '',
})

/** Without what is not known: the ledger leaves it out. */
const known = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }

const personOf = (
  { data, by }: RequestRevocation,
  role: Requester,
  subject: SignedCertificate,
): string | undefined => {
  if (by.role === role) return by.person
  return role === 'holder' ? subject.person : data.requester
}

const asked = (
  command: RequestRevocation,
  role: Requester,
  subject: SignedCertificate,
  facts: Facts,
): CertificateEvent => {
  const { data, by, at } = command
  // Only who received it from somebody else may say when: nobody sets the start of his own delay.
  const relayed = isOfficer(by.role) || role !== by.role
  const receivedAt = relayed && data.receivedAt < at ? data.receivedAt : at
  const { documentKind, cause, note, form, locatorGiven, mandate } = data
  return {
    type: 'RevocationRequested',
    data: {
      revocation: data.revocation,
      requesterRole: role,
      channel: data.channel,
      firstReceivedAt: receivedAt,
      firstReceivedBy: relayed ? (data.receivedBy ?? by.role) : 'program',
      signatureForm: data.signatureForm,
      holderName: data.holderName ?? holderOf(facts) ?? '-',
      requesterName: data.requesterName,
      locator: data.serial,
      ...known({ requester: personOf(command, role, subject), appointment: mandate }),
      ...known({ documentKind, cause, note, form, locatorGiven }),
    },
  }
}

const revokedAtOnce = (
  { data, at }: RequestRevocation,
  authentication: Authentication,
): CertificateEvent[] => [
  {
    type: 'CertificateRevoked',
    data: {
      revokedAt: at,
      origin: authentication === 'exOfficio' ? 'exOfficio' : 'request',
      revocation: data.revocation,
      authentication,
      ...(data.cause === undefined ? {} : { cause: data.cause }),
    },
  },
]

const decideOn = (
  command: RequestRevocation,
  state: SignedCertificate,
  facts: Facts,
  policy: Policy,
): Decision<CertificateEvent> => {
  const { by, data } = command
  const role = requesterOf(command)
  if (role === undefined) return refuse('CGU-61', 'REVOKER_NOT_ENTITLED', by.role)
  const way = wayIn(incomingOf(command, role), policy)
  if (typeof way !== 'string') return way
  const refusal = notEntitled(command, role, state, facts) ?? incomplete(command, facts)
  if (refusal) return refusal
  const proof = authenticationOf(way, by.role, data.authentication)
  if (typeof proof !== 'string') return proof
  if (state.status === 'revoked') return accept()
  const request = asked(command, role, state, facts)
  return proof === 'pending' ? accept(request) : accept(request, ...revokedAtOnce(command, proof))
}

/** Revocation is final: asked for again, it changes nothing. */
export const requestRevocation = (
  policy: Policy,
): Decider<Certificate, RequestRevocation, CertificateEvent, Facts> => ({
  type: 'RequestRevocation',
  who: ['raOfficer', 'caOfficer', 'mc', 'legalRepresentative', 'authorisedPerson', 'holder'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  facts: async (fold, command, state) => ({
    file: await fileOf(fold, state),
    appointment: await foldMandate(fold, command),
  }),
  decide: (command, state, facts) =>
    'signature' in state && state.profile === 'encryption'
      ? decideOn(command, state, facts, policy)
      : refuse('CGU-73', 'CERTIFICATE_UNKNOWN', command.data.serial),
})

/** The registration file that a certificate was issued on. */
export const fileOf = async (fold: Fold, state: Certificate): Promise<Request> =>
  'request' in state && state.request !== undefined ? await fold(request, state.request) : request.initial
