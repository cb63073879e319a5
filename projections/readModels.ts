// Every read model that there is.
import { certificateStatus } from './certificateStatus.ts'
import { components } from './components.ts'
import { crl } from './crl.ts'
import { disputes } from './disputes.ts'
import { history } from './history.ts'
import { openIntents } from './intents.ts'
import type { Projection } from './projection.ts'
import { createSearch, type Blind } from './search.ts'

/** The projections of one installation. CRL entries and OCSP answers are views of the status table. */
export const readModels = (blind: Blind): readonly Projection[] => [
  certificateStatus,
  components,
  crl,
  disputes,
  history,
  openIntents,
  createSearch(blind),
]
