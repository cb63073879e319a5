// Appointments: one person in one role for one term — certification agents (MC), representatives, posts of the service.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { code, d, h, id, n, text, x } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import {
  documentKind,
  endCause,
  identityMethod,
  means,
  power,
  role,
  type EndCause,
  type Power,
  type Role,
} from './lists.ts'

const AppointmentProposed = event('AppointmentProposed', {
  pub: {
    role,
    entity: Type.Optional(id),
    ra: Type.Optional(code),
    powers: Type.Array(power),
    fromOn: d,
    untilOn: d,
    mandateSignedOn: Type.Optional(d),
  },
  sealed: {
    reg: {
      person: id,
      surname: text,
      givenNames: text,
      email: text,
      matricule: Type.Optional(text),
      mandate: text,
    },
  },
})
const AppointeeChecked = event('AppointeeChecked', {
  pub: { method: identityMethod, documentKind: Type.Optional(documentKind) },
  sealed: { reg: { documentNumber: Type.Optional(text), documentScan: Type.Optional(text), checker: id } },
})
const AppointmentAccepted = event('AppointmentAccepted', {
  pub: { undertakingSha256: h, means },
  sealed: { reg: { signature: Type.Optional(text) } },
})
// The officer's own key, by which his approvals are verified (CGU-46): SubjectPublicKeyInfo, DER, and the signature that shows that
// he holds it. Which key an officer has says who he is to whoever has his certificate, so it is sealed.
const ApprovalKeyRegistered = event('ApprovalKeyRegistered', {
  pub: { nth: n },
  sealed: { reg: { publicKey: x, certificate: Type.Optional(x), proof: x } },
})
// The confirmer's own signature over what he confirms (commands/approvalStatement.ts), the appointment that his key is registered on,
// and the key's SHA-256. Not recorded before confirmations could be signed.
const ApprovalKeyConfirmed = event('ApprovalKeyConfirmed', {
  pub: { nth: n },
  sealed: {
    reg: {
      confirmer: id,
      confirmerAppointment: Type.Optional(id),
      confirmerKey: Type.Optional(h),
      signature: Type.Optional(x),
    },
  },
})
const AppointmentEnded = event('AppointmentEnded', {
  pub: { cause: endCause, effectiveOn: d },
  sealed: { reg: { note: Type.Optional(text) } },
})

export const appointmentForms = [
  AppointmentProposed,
  AppointeeChecked,
  AppointmentAccepted,
  ApprovalKeyRegistered,
  ApprovalKeyConfirmed,
  AppointmentEnded,
] as const
export type AppointmentEvent = EventOf<(typeof appointmentForms)[number]>

/** A key of an officer and the proof that he holds it; absent once the data key of his appointment has been destroyed. Base64 of the DER. */
export type ApprovalKey = Readonly<{ nth: number; publicKey: string | undefined; proof: string | undefined }>

/** Who has confirmed a key, by his appointment and the SHA-256 of his key, and his signature: base64 of the DER. */
export type Confirmation = Readonly<{ appointment: string; keySha256: string; signature: string }>

/** A key that was confirmed; `confirmation` is undefined where nobody has signed that. */
export type ConfirmedKey = ApprovalKey & Readonly<{ confirmation: Confirmation | undefined }>

type Term = Readonly<{
  role: Role
  entity: string | undefined
  person: string | undefined
  powers: readonly Power[]
  fromOn: string
  untilOn: string
  /** The appointee has undertaken it: from then on it acts, between its dates. */
  accepted: boolean
  /** The key that he has registered and that nobody has confirmed yet. */
  keyOffered: ApprovalKey | undefined
  /** The key by which his approvals are verified, until another one is confirmed. */
  approvalKey: ConfirmedKey | undefined
  /** What stood confirmed before, each with its confirmation: what he confirmed by such a key he has confirmed. */
  keysBefore: readonly ConfirmedKey[]
  /** Why and when it ends before its term: the day may lie ahead (domain/policy/mandate.ts). */
  end: Readonly<{ cause: EndCause; effectiveOn: string }> | undefined
}>
export type Appointment =
  | Readonly<{ status: 'unknown' }>
  | (Term & Readonly<{ status: 'proposed' | 'checked' | 'inForce' | 'ended' }>)

type Confirmed = Extract<AppointmentEvent, { type: 'ApprovalKeyConfirmed' }>['data']

const confirmationOf = (data: Confirmed): Confirmation | undefined => {
  const [by, keySha256, signature] = [
    opened(data.confirmerAppointment),
    opened(data.confirmerKey),
    opened(data.signature),
  ]
  const isWhole = by !== undefined && keySha256 !== undefined && signature !== undefined
  return isWhole ? { appointment: by, keySha256, signature } : undefined
}

/** The keys of an appointment that were ever confirmed, in the order of that: no later event takes one back. */
export const everConfirmed = (state: Appointment): readonly ConfirmedKey[] => {
  if (state.status === 'unknown') return []
  const { approvalKey, keysBefore } = state
  return approvalKey === undefined ? keysBefore : [...keysBefore, approvalKey]
}

/** The key that waits, or once more the one that serves. */
const confirmed = (
  state: Exclude<Appointment, { status: 'unknown' }>,
  data: Confirmed,
): Pick<Term, 'keyOffered' | 'approvalKey' | 'keysBefore'> => {
  const key = state.keyOffered ?? state.approvalKey
  return {
    keyOffered: undefined,
    approvalKey: key === undefined ? undefined : { ...key, confirmation: confirmationOf(data) },
    keysBefore: everConfirmed(state),
  }
}

const evolve = (state: Appointment, { type, data }: AppointmentEvent): Appointment => {
  if (type === 'AppointmentProposed')
    return {
      status: 'proposed',
      role: data.role,
      entity: data.entity,
      person: opened(data.person),
      powers: data.powers,
      fromOn: data.fromOn,
      untilOn: data.untilOn,
      accepted: false,
      keyOffered: undefined,
      approvalKey: undefined,
      // Nobody proposes it twice; whoever writes that into the ledger brings no replaced key back by it.
      keysBefore: everConfirmed(state),
      end: undefined,
    }
  if (state.status === 'unknown') throw new Error(`${type} before AppointmentProposed`)
  switch (type) {
    case 'AppointeeChecked':
      return { ...state, status: 'checked' }
    case 'AppointmentAccepted':
      return { ...state, status: 'inForce', accepted: true }
    case 'ApprovalKeyRegistered':
      return {
        ...state,
        keyOffered: { nth: data.nth, publicKey: opened(data.publicKey), proof: opened(data.proof) },
      }
    case 'ApprovalKeyConfirmed':
      return { ...state, ...confirmed(state, data) }
    case 'AppointmentEnded':
      return { ...state, status: 'ended', end: { cause: data.cause, effectiveOn: data.effectiveOn } }
    default:
      return unreachable(type)
  }
}

export const appointment: Aggregate<Appointment, AppointmentEvent> = {
  name: 'appointment',
  initial: { status: 'unknown' },
  evolve,
  ...codec(appointmentForms),
  units: (id) => ({ reg: id }),
}
