// Every read model that there is.
import { certificateStatus } from './certificateStatus.ts'
import { crl } from './crl.ts'
import { history } from './history.ts'
import { openIntents } from './intents.ts'
import type { Projection } from './projection.ts'
import { renewals } from './renewals.ts'
import { createSearch, type Blind } from './search.ts'

/** The projections of one installation. CRL entries and OCSP answers are views of the status table. */
export const readModels = (blind: Blind): readonly Projection[] => [
  certificateStatus,
  crl,
  history,
  openIntents,
  renewals,
  createSearch(blind),
]
