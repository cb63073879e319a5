// Appointments that the program ends: at their term; with their entity, once it is closed (CGU-97); and, of two roles that may
// not be combined (CGU-06), the one that was accepted later. Two acceptances may cross, neither knowing of the other: each is
// looked back at once it stands, in the ledger's order, so that exactly one of them goes on (events.md section 1, D).
import { appointment, type Appointment } from '../domain/appointment.ts'
import { entity } from '../domain/entity.ts'
import type { EndCause } from '../domain/lists.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { crosses } from '../domain/policy/separation.ts'
import { endAppointment } from './endAppointment.ts'
import { perform, type Service } from './program.ts'

const fold = async (service: Service, id: string): Promise<Appointment> =>
  (await service.ledger.load(appointment, id)).state

const end = async (
  service: Service,
  id: string,
  { cause, effectiveOn }: Readonly<{ cause: EndCause; effectiveOn: string }>,
): Promise<void> => {
  await perform(service, endAppointment, {
    key: `${id}|${cause}`,
    data: { appointment: id, cause, effectiveOn },
  })
}

/** Ends the later of two accepted appointments of one person, if their roles may not be combined. */
export const endIfCrossed = async (
  service: Service,
  { later, earlier }: Readonly<{ later: string; earlier: string }>,
): Promise<void> => {
  const [late, early] = [await fold(service, later), await fold(service, earlier)]
  if (late.status !== 'inForce' || !crosses(late, early, service.now())) return
  await end(service, later, { cause: 'incompatible', effectiveOn: dayOf(service.now()) })
}

/** Ends an appointment whose last day is over. */
export const endAtTerm = async (service: Service, id: string): Promise<void> => {
  const held = await fold(service, id)
  if (held.status === 'unknown' || held.status === 'ended') return
  if (held.untilOn < dayOf(service.now()))
    await end(service, id, { cause: 'expired', effectiveOn: held.untilOn })
}

/** Ends an appointment whose entity is closed. */
export const endWithEntity = async (service: Service, id: string): Promise<void> => {
  const held = await fold(service, id)
  if (held.status === 'unknown' || held.status === 'ended' || held.entity === undefined) return
  const { state } = await service.ledger.load(entity, held.entity)
  if (state.status === 'closed')
    await end(service, id, { cause: 'closed', effectiveOn: dayOf(service.now()) })
}
