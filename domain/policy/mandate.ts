// CGU-23: « Dans ce dernier cas, le MC est préalablement enregistré par l’AE. »
// CGU-08: « Le MC est une personne ayant, directement par la loi ou par délégation, le pouvoir d'autoriser une demande
// de certificat portant le nom de l'organisation. »
// CGU-62: « Un MC ou un représentant légal de l’entité du porteur ou une personne autorisée ». An appointment acts from its
// acceptance on, between its dates; after departure, withdrawal or the end of its entity it acts no more.
import type { Appointment } from '../appointment.ts'
import type { Entity } from '../entity.ts'
import type { Actor, Instant } from '../kernel.ts'
import type { EndCause, Power, Role } from '../lists.ts'
import { addDays, dayOf, monthsBefore } from './dates.ts'
import { verifiedAt } from './entity.ts'

type Known = Exclude<Appointment, { status: 'unknown' }>

/** Decisions against the appointment: they act at once. What merely comes to an end acts to the end of its last day. */
const atOnce: readonly EndCause[] = ['withdrawn', 'declined', 'checkFailed', 'incompatible']

/** The last day on which an appointment acts, as far as is recorded. */
export const lastDayOf = ({ untilOn, end }: Pick<Known, 'untilOn' | 'end'>): string => {
  if (end === undefined) return untilOn
  const { cause, effectiveOn } = end
  const last = atOnce.includes(cause) ? dayBefore(effectiveOn) : effectiveOn
  return last < untilOn ? last : untilOn
}

const dayBefore = (day: string): string => addDays(`${day}T00:00:00Z`, -1).slice(0, 10)

/** What an appointment is used for: a person in a role, where it matters for an entity and by a power of the mandate. */
export type Use = Readonly<{
  person: string
  role: Role
  entity?: string
  power?: Power
  at: Instant
  /** The appointment's entity, where its verification is to be judged too. */
  employer?: Entity | undefined
}>

/** Whether an appointment was accepted and its dates hold this instant, whoever asks. */
export const actsAt = (held: Appointment, at: Instant): held is Known => {
  if (held.status === 'unknown' || !held.accepted) return false
  const day = dayOf(at)
  return held.fromOn <= day && day <= lastDayOf(held)
}

/** Whether the person may act under this appointment, in its role, at this instant. */
export const appointmentInForce = (held: Appointment, use: Use): boolean =>
  actsAt(held, use.at) &&
  held.role === use.role &&
  held.person === use.person &&
  (use.entity === undefined || held.entity === use.entity) &&
  (use.power === undefined || held.powers.includes(use.power)) &&
  (use.employer === undefined || verifiedAt(use.employer, use.at))

/** Whether the certification agent (MC) may use `power` for `entity` under this mandate at this instant. */
export const mandateInForce = (
  mandate: Appointment,
  { by, ...use }: Readonly<{ by: Actor; entity: string; power: Power; at: Instant }>,
): boolean => appointmentInForce(mandate, { ...use, person: by.person, role: 'mc' })

/** A mandate or a piece of the file older than the policy's months is refused (RGS A2 III.2.3.2). */
export const tooOld = (signedOn: string, at: Instant, months: number): boolean =>
  signedOn < monthsBefore(dayOf(at), months)
