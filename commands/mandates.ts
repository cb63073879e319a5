// CGU-23: a mandate is judged with its entity. Whoever acts under one hands its id to `foldMandate` in his facts.
import { appointment, type Appointment } from '../domain/appointment.ts'
import { entity } from '../domain/entity.ts'
import type { Fold, Instant } from '../domain/kernel.ts'
import { verifiedAt } from '../domain/policy/entity.ts'

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
