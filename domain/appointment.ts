// Appointments: one person in one role for one term — certification agents (MC), representatives, posts of the service.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { code, d, h, id, text } from './fields.ts'
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
const AppointmentEnded = event('AppointmentEnded', {
  pub: { cause: endCause, effectiveOn: d },
  sealed: { reg: { note: Type.Optional(text) } },
})

export const appointmentForms = [
  AppointmentProposed,
  AppointeeChecked,
  AppointmentAccepted,
  AppointmentEnded,
] as const
export type AppointmentEvent = EventOf<(typeof appointmentForms)[number]>

type Term = Readonly<{
  role: Role
  entity: string | undefined
  person: string | undefined
  powers: readonly Power[]
  fromOn: string
  untilOn: string
  /** The appointee has undertaken it: from then on it acts, between its dates. */
  accepted: boolean
  /** Why and when it ends before its term: the day may lie ahead (domain/policy/mandate.ts). */
  end: Readonly<{ cause: EndCause; effectiveOn: string }> | undefined
}>
export type Appointment =
  | Readonly<{ status: 'unknown' }>
  | (Term & Readonly<{ status: 'proposed' | 'checked' | 'inForce' | 'ended' }>)

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
      end: undefined,
    }
  if (state.status === 'unknown') throw new Error(`${type} before AppointmentProposed`)
  switch (type) {
    case 'AppointeeChecked':
      return { ...state, status: 'checked' }
    case 'AppointmentAccepted':
      return { ...state, status: 'inForce', accepted: true }
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
