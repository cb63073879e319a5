// CGU-23: after his departure, or once his mandate is withdrawn, an MC acts no more; so with every other appointment.
import { appointment, type Appointment, type AppointmentEvent } from '../domain/appointment.ts'
import { accept, refuse, type Actor, type Command, type Decider } from '../domain/kernel.ts'
import { rolesFor } from '../domain/policy/duties.ts'
import { lastDayOf } from '../domain/policy/mandate.ts'
import { isMandate, isPost, representable } from '../domain/policy/posts.ts'
import { foldOwn, notRepresented, type ActingUnder } from './mandates.ts'

type Ended = Extract<AppointmentEvent, { type: 'AppointmentEnded' }>['data']
type Known = Exclude<Appointment, { status: 'unknown' }>

export type EndAppointment = Command<'EndAppointment', Ended & ActingUnder & { appointment: string }>

/** The RA ends mandates, a legal representative those that he may propose; posts are the security and the CA officer's. */
const ends = (by: Actor, { role }: Known): boolean => {
  if (by.role === 'legalRepresentative') return representable.includes(role)
  return by.role === 'program' || (by.role === 'raOfficer' ? isMandate(role) : isPost(role))
}

export const endAppointment: Decider<Appointment, EndAppointment, AppointmentEvent, Appointment | undefined> =
  {
    type: 'EndAppointment',
    who: rolesFor('EndAppointment'),
    aggregate: appointment,
    stream: ({ data }) => data.appointment,
    facts: foldOwn,
    decide: (command, state, under) => {
      const { appointment: _, actingUnder: __, ...data } = command.data
      if (state.status === 'unknown') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
      if (!ends(command.by, state)) return refuse('CGU-06', 'ROLE_NOT_HELD', command.by.role)
      const refusal = notRepresented(command, state.entity, under)
      if (refusal) return refusal
      // One that has ended ends again only if it ends sooner: a departure announced, then a withdrawal at once.
      const end = { cause: data.cause, effectiveOn: data.effectiveOn }
      if (state.status === 'ended' && lastDayOf(state) <= lastDayOf({ ...state, end })) return accept()
      return accept({ type: 'AppointmentEnded', data })
    },
  }
