// CGU-23: « Dans ce dernier cas, le MC est préalablement enregistré par l’AE. » A mandate is judged with its
// entity. Whoever acts under one hands its id to `foldMandate` in his facts.
import { appointment, type Appointment } from '../domain/appointment.ts'
import { entity } from '../domain/entity.ts'
import { refuse, type Actor, type Decision, type Fold, type Instant } from '../domain/kernel.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'

/**
 * The appointment that a command names; undefined when it names none, or when the appointment's entity was closed or its
 * verification has run out. That it was verified once, `ProposeAppointment` has seen.
 */
export const foldMandate = async (
  fold: Fold,
  { data, at }: Readonly<{ data: Readonly<{ mandate?: string }>; at: Instant }>,
): Promise<Appointment | undefined> => {
  if (data.mandate === undefined) return undefined
  const held = await fold(appointment, data.mandate)
  if (held.status === 'unknown' || held.entity === undefined) return held
  const employer = await fold(entity, held.entity)
  return employer.status === 'unknown' || verifiedAt(employer, at) ? held : undefined
}

/** A legal representative names the appointment that he acts under himself. */
export type ActingUnder = Readonly<{ actingUnder?: string }>

/** The appointment that the actor says he acts under. */
export const foldOwn = (
  fold: Fold,
  { data: { actingUnder }, at }: Readonly<{ data: ActingUnder; at: Instant }>,
): Promise<Appointment | undefined> =>
  foldMandate(fold, { data: actingUnder === undefined ? {} : { mandate: actingUnder }, at })

/** A legal representative acts for his own entity, under an appointment in force. */
export const notRepresented = (
  { by, at }: Readonly<{ by: Actor; at: Instant }>,
  entityId: string | undefined,
  under: Appointment | undefined,
): Decision<never> | undefined => {
  if (by.role !== 'legalRepresentative') return undefined
  const use = { person: by.person, role: by.role, entity: entityId ?? '', at }
  return under !== undefined && appointmentInForce(under, use)
    ? undefined
    : refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'actingUnder')
}
