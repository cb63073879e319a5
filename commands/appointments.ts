// CGU-25: « Enregistrement d'un MC : validation de l'identité « personne morale » de l'entité pour lequel le MC
// interviendra et de l'identité « personne physique » du futur MC. » Three acts: proposed, checked, accepted.
import { appointment, type Appointment, type AppointmentEvent } from '../domain/appointment.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { tooOld } from '../domain/policy/mandate.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import type { Policy } from '../domain/policy/policy.ts'

type Data<T extends AppointmentEvent['type']> = Extract<AppointmentEvent, { type: T }>['data']
type On<T> = { appointment: string } & T

export type ProposeAppointment = Command<'ProposeAppointment', On<Data<'AppointmentProposed'>>>
export type CheckAppointee = Command<'CheckAppointee', On<Omit<Data<'AppointeeChecked'>, 'checker'>>>
export type AcceptAppointment = Command<'AcceptAppointment', On<Data<'AppointmentAccepted'>>>
export type EndAppointment = Command<'EndAppointment', On<Data<'AppointmentEnded'>>>

const stream = ({ data }: { data: { appointment: string } }): string => data.appointment

export const proposeAppointment = (
  policy: Policy,
): Decider<Appointment, ProposeAppointment, AppointmentEvent, Entity | undefined> => ({
  type: 'ProposeAppointment',
  who: ['raOfficer'],
  aggregate: appointment,
  stream,
  facts: async (fold, { data }) => (data.entity === undefined ? undefined : await fold(entity, data.entity)),
  decide: ({ data: { appointment: _, ...data }, by, at }, state, employer) => {
    if (state.status !== 'unknown') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
    if (data.role !== 'mc') return refuse('CGU-06', 'ROLE_NOT_HELD', data.role)
    if (!verifiedAt(employer, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
    const signedOn = data.mandateSignedOn
    if (signedOn === undefined || tooOld(signedOn, at, policy.request.mandateMaxAgeMonths))
      return refuse('CGU-08', 'MANDATE_TOO_OLD', 'mandateSignedOn')
    if (typeof data.person === 'string') {
      const forbidden = notForOneself(by, data.person)
      if (forbidden) return forbidden
    }
    return accept({ type: 'AppointmentProposed', data })
  },
})

export const checkAppointee: Decider<Appointment, CheckAppointee, AppointmentEvent> = {
  type: 'CheckAppointee',
  who: ['raOfficer'],
  aggregate: appointment,
  stream,
  decide: ({ data: { appointment: _, ...data }, by }, state) => {
    if (state.status !== 'proposed') return refuse('CGU-25', 'OUT_OF_ORDER', state.status)
    if (state.person === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'person')
    return (
      notForOneself(by, state.person) ??
      accept({ type: 'AppointeeChecked', data: { ...data, checker: by.person } })
    )
  },
}

export const acceptAppointment: Decider<Appointment, AcceptAppointment, AppointmentEvent> = {
  type: 'AcceptAppointment',
  who: ['mc'],
  aggregate: appointment,
  stream,
  decide: ({ data: { appointment: _, ...data }, by }, state) => {
    if (state.status !== 'checked') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
    if (state.person !== by.person) return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', by.role)
    return accept({ type: 'AppointmentAccepted', data })
  },
}

export const endAppointment: Decider<Appointment, EndAppointment, AppointmentEvent> = {
  type: 'EndAppointment',
  who: ['raOfficer', 'securityOfficer', 'caOfficer'],
  aggregate: appointment,
  stream,
  decide: ({ data: { appointment: _, ...data } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
    if (state.status === 'ended') return accept()
    return accept({ type: 'AppointmentEnded', data })
  },
}
