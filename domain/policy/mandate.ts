// CGU-23: « Dans ce dernier cas, le MC est préalablement enregistré par l’AE. »
// CGU-08: « Le MC est une personne ayant, directement par la loi ou par délégation, le pouvoir d'autoriser une demande
// de certificat portant le nom de l'organisation. »
import type { Appointment } from '../appointment.ts'
import type { Actor, Instant } from '../kernel.ts'
import type { Power, Role } from '../lists.ts'
import { dayOf, monthsBefore } from './dates.ts'

/** Whether the actor may use `power` for `entity` under this appointment at this instant. */
export const mandateInForce = (
  mandate: Appointment,
  use: Readonly<{ by: Actor; entity: string; power: Power; at: Instant }>,
): boolean => {
  if (mandate.status !== 'inForce') return false
  const day = dayOf(use.at)
  return (
    mandate.role === 'mc' &&
    mandate.person === use.by.person &&
    mandate.entity === use.entity &&
    mandate.powers.includes(use.power) &&
    mandate.fromOn <= day &&
    day <= mandate.untilOn
  )
}

/** Whether a person holds this role, for the entity and with the power that are asked for, at this instant. */
export const appointmentInForce = (
  held: Appointment,
  use: Readonly<{ person: string; role: Role; entity?: string; power?: Power; at: Instant }>,
): boolean => {
  if (held.status !== 'inForce' || held.person !== use.person || held.role !== use.role) return false
  const day = dayOf(use.at)
  return (
    (use.entity === undefined || held.entity === use.entity) &&
    (use.power === undefined || held.powers.includes(use.power)) &&
    held.fromOn <= day &&
    day <= held.untilOn
  )
}

/** A mandate or a piece of the file older than the policy's months is refused (RGS A2 III.2.3.2). */
export const tooOld = (signedOn: string, at: Instant, months: number): boolean =>
  signedOn < monthsBefore(dayOf(at), months)
