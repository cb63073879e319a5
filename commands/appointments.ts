// CGU-25: « Enregistrement d'un MC : validation de l'identité « personne morale » de l'entité pour lequel le MC
// interviendra et de l'identité « personne physique » du futur MC. » Three acts: proposed, checked, accepted. Every role but
// the holder's is given like that (domain/policy/posts.ts): mandates by the RA, posts by the security officer.
import { appointment, type Appointment, type AppointmentEvent } from '../domain/appointment.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Actor, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { Power, Role } from '../domain/lists.ts'
import { rolesFor } from '../domain/policy/duties.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { undocumented } from '../domain/policy/identification.ts'
import { tooOld } from '../domain/policy/mandate.ts'
import { defaultPowers, entityBound, isMandate, isPost, representable } from '../domain/policy/posts.ts'
import { crosses, crossesNamed, notForOneself } from '../domain/policy/separation.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { foldOwn, notRepresented, type ActingUnder } from './mandates.ts'

type Data<T extends AppointmentEvent['type']> = Extract<AppointmentEvent, { type: T }>['data']
type On<T> = { appointment: string } & T

export type ProposeAppointment = Command<
  'ProposeAppointment',
  On<Omit<Data<'AppointmentProposed'>, 'powers'>> & ActingUnder & { powers?: readonly Power[] }
>
export type CheckAppointee = Command<'CheckAppointee', On<Omit<Data<'AppointeeChecked'>, 'checker'>>>
export type AcceptAppointment = Command<
  'AcceptAppointment',
  On<Data<'AppointmentAccepted'>> & {
    /** His other appointments, as the read model knows them: judged on the ledger. */
    others?: readonly string[]
    /** Roles that his accounts name, whatever his appointments say. */
    named?: readonly Role[]
  }
>

const stream = ({ data }: { data: { appointment: string } }): string => data.appointment
const notHeld = (role: Role): Decision<never> => refuse('CGU-06', 'ROLE_NOT_HELD', role)

/** CGU-23: mandates are the RA's, posts the security officer's; a legal representative's are some mandates of his entity. */
const proposes = (by: Actor, role: Role): boolean => {
  if (by.role === 'legalRepresentative') return representable.includes(role)
  return by.role === 'raOfficer' ? isMandate(role) : isPost(role)
}

type Proposal = Readonly<{ employer: Entity | undefined; under: Appointment | undefined }>

/** CGU-08, CGU-24: an entity that is verified, and a mandate of less than the policy's months. */
const unfounded = (
  { data, at }: ProposeAppointment,
  employer: Entity | undefined,
  policy: Policy,
): Decision<never> | undefined => {
  const named = entityBound(data.role) || data.entity !== undefined
  if (named && !verifiedAt(employer, at)) return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'entity')
  if (!isMandate(data.role)) return undefined
  const signedOn = data.mandateSignedOn
  return signedOn === undefined || tooOld(signedOn, at, policy.request.mandateMaxAgeMonths)
    ? refuse('CGU-08', 'MANDATE_TOO_OLD', 'mandateSignedOn')
    : undefined
}

export const proposeAppointment = (
  policy: Policy,
): Decider<Appointment, ProposeAppointment, AppointmentEvent, Proposal> => ({
  type: 'ProposeAppointment',
  who: rolesFor('ProposeAppointment'),
  aggregate: appointment,
  stream,
  facts: async (fold, { data, at }) => ({
    employer: data.entity === undefined ? undefined : await fold(entity, data.entity),
    under: await foldOwn(fold, { data, at }),
  }),
  decide: (command, state, facts) => {
    const { data, by } = command
    const { appointment: _, actingUnder: __, powers = defaultPowers(data.role), ...proposed } = data
    if (state.status !== 'unknown') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
    if (data.untilOn < data.fromOn) return refuse('CGU-23', 'OUT_OF_ORDER', 'untilOn')
    return (
      notRepresented(command, data.entity, facts.under) ??
      unfounded(command, facts.employer, policy) ??
      (proposes(by, data.role) ? undefined : notHeld(data.role)) ??
      (typeof data.person === 'string' ? notForOneself(by, data.person) : undefined) ??
      accept({ type: 'AppointmentProposed', data: { ...proposed, powers: [...powers] } })
    )
  },
})

export const checkAppointee: Decider<Appointment, CheckAppointee, AppointmentEvent> = {
  type: 'CheckAppointee',
  who: rolesFor('CheckAppointee'),
  aggregate: appointment,
  stream,
  decide: ({ data: { appointment: _, ...data }, by }, state) => {
    if (state.status !== 'proposed') return refuse('CGU-25', 'OUT_OF_ORDER', state.status)
    if ((by.role === 'raOfficer') !== isMandate(state.role)) return notHeld(by.role)
    if (state.person === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'person')
    return (
      notForOneself(by, state.person) ??
      undocumented(data, 'CGU-25') ??
      accept({ type: 'AppointeeChecked', data: { ...data, checker: by.person } })
    )
  },
}

/** The appointee undertakes it, in whatever role he has signed in: this one he does not hold yet. */
export const acceptAppointment: Decider<
  Appointment,
  AcceptAppointment,
  AppointmentEvent,
  readonly Appointment[]
> = {
  type: 'AcceptAppointment',
  who: rolesFor('AcceptAppointment'),
  aggregate: appointment,
  stream,
  facts: (fold, { data }) => Promise.all((data.others ?? []).map((id) => fold(appointment, id))),
  decide: ({ data: { appointment: _, others: __, named = [], ...data }, by, at }, state, held) => {
    if (state.status !== 'checked') return refuse('CGU-23', 'OUT_OF_ORDER', state.status)
    if (state.person !== by.person)
      return isMandate(state.role) ? refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', by.role) : notHeld(state.role)
    const crossed = held.find((other) => crosses(state, other, at))
    if (crossed !== undefined && crossed.status !== 'unknown')
      return refuse('CGU-06', 'ROLES_INCOMPATIBLE', `${state.role} ${crossed.role}`)
    const excluded = crossesNamed(state.role, named, held)
    return excluded === undefined
      ? accept({ type: 'AppointmentAccepted', data })
      : refuse('CGU-06', 'ROLES_INCOMPATIBLE', `${state.role} ${excluded}`)
  },
}
