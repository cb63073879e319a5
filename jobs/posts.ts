// Posts over the read model of appointments, and the ends that follow at once from an acceptance or from the close of an entity.
import { foldOf } from '../commands/consider.ts'
import { createPosts, type Posts } from '../commands/posts.ts'
import type { Service } from '../commands/program.ts'
import { appointmentsOf } from '../readmodels/appointments.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { endCrossed, endOfEntity } from './endAppointments.ts'

type Parts = Readonly<{
  service: Service
  db: OpenDatabase['db']
  settled: () => Promise<void>
  blind: (kind: string, word: string) => string
}>

export const openPosts = ({ service, db, settled, blind }: Parts) => ({
  ...createPosts({
    fold: foldOf(service.ledger),
    now: service.now,
    appointmentsOf: (person): ReturnType<Posts['appointmentsOf']> =>
      appointmentsOf(db, blind('person', person)),
  }),
  /** After an acceptance: ends the later of two appointments that may not be combined. */
  lookBack: async (): Promise<void> => {
    await settled()
    await endCrossed(service, db)
  },
  /** Ends the appointments of an entity that is closed. */
  endOfEntity: async (id: string): Promise<void> => {
    await settled()
    await endOfEntity(service, db, id)
  },
})
