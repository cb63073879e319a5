// Every read model that there is.
import { createAppointments } from './appointments.ts'
import { createCards } from './cards.ts'
import { caRevocations } from './caRevocations.ts'
import { certificateStatus } from './certificateStatus.ts'
import { components } from './components.ts'
import { crl } from './crl.ts'
import { disputes } from './disputes.ts'
import { history } from './history.ts'
import { openIntents } from './intents.ts'
import { notices } from './notices.ts'
import type { Projection } from './projection.ts'
import { retention } from './retention.ts'
import { requests } from './requests.ts'
import { recoveries } from './recoveries.ts'
import { revocations } from './revocations.ts'
import { renewals } from './renewals.ts'
import { createSearch, type Blind } from './search.ts'
import { sessions } from './sessions.ts'

/** The projections of one installation. CRL entries and OCSP answers are views of the status table. */
export const readModels = (blind: Blind): readonly Projection[] => [
  certificateStatus,
  caRevocations,
  components,
  crl,
  disputes,
  history,
  notices,
  openIntents,
  retention,
  requests,
  recoveries,
  revocations,
  renewals,
  createSearch(blind),
  createAppointments(blind),
  createCards(blind),
  sessions,
]
