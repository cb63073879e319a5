// Ends the appointments that have to end, whoever looks: at their term, with their entity, and of roles that may not be combined
// the later one (commands/endAppointments.ts). None of them acts any more by then; what ends here is what the ledger says.
import { endAtTerm, endIfCrossed, endWithEntity } from '../commands/endAppointments.ts'
import type { Service } from '../commands/program.ts'
import { entity } from '../domain/entity.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { entitiesActedFor, heldTogether, liveOf, pastTheirTerm } from '../readmodels/appointments.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import type { Each } from './port.ts'

type Db = OpenDatabase['db']

/** Looks back on acceptances: run once the read model has taken in the last of them. */
export const endCrossed = async (service: Service, db: Db): Promise<void> => {
  for (const pair of await heldTogether(db, dayOf(service.now()))) await endIfCrossed(service, pair)
}

/** Ends the appointments of one entity, if it is closed. */
export const endOfEntity = async (service: Service, db: Db, id: string): Promise<void> => {
  const { state } = await service.ledger.load(entity, id)
  if (state.status !== 'closed') return
  for (const appointment of await liveOf(db, id)) await endWithEntity(service, appointment)
}

/** Everything that is due. */
export const endAppointments = async (service: Service, db: Db, each: Each): Promise<void> => {
  await endCrossed(service, db)
  await each(await pastTheirTerm(db, dayOf(service.now())), (id) => endAtTerm(service, id))
  await each(await entitiesActedFor(db), (id) => endOfEntity(service, db, id))
}
