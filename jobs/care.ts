// What comes to its end by a date alone: appointments at their term, requests that were not used, recoveries whose approvals have
// lapsed. Each asks the read models what is due, and the ledger decides.
import { dayOf } from '../domain/policy/dates.ts'
import type { InTurn } from '../domain/turns.ts'
import type { Service } from '../commands/program.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { lapsedRecoveries } from '../readmodels/recoveries.ts'
import { lapsedRequests } from '../readmodels/requests.ts'
import { closeRecoveries } from './closeRecoveries.ts'
import { endAppointments } from './endAppointments.ts'
import { lapseRequests } from './lapseRequests.ts'
import type { Job } from './port.ts'

const everySeconds = 3600

export const careJobs = ({
  service,
  db,
  inTurn,
}: Readonly<{ service: Service; db: OpenDatabase['db']; inTurn: InTurn }>): readonly Job[] => [
  { name: 'endAppointments', everySeconds, run: (each) => endAppointments(service, db, each) },
  {
    name: 'lapseRequests',
    everySeconds,
    run: async (each) => lapseRequests(service, inTurn, await lapsedRequests(db, dayOf(service.now())), each),
  },
  {
    name: 'closeRecoveries',
    everySeconds,
    run: async (each) =>
      closeRecoveries({ service, inTurn }, await lapsedRecoveries(db, service.now()), each),
  },
]
