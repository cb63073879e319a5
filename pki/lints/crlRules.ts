import { crlAlgorithm } from './crl/crlAlgorithm.ts'
import { crlAuthorityKeyIdentifier } from './crl/crlAuthorityKeyIdentifier.ts'
import { crlCriticality } from './crl/crlCriticality.ts'
import { crlDates } from './crl/crlDates.ts'
import { crlExtensions } from './crl/crlExtensions.ts'
import { crlIssuerMaySign } from './crl/crlIssuerMaySign.ts'
import { crlIssuerName } from './crl/crlIssuerName.ts'
import { crlNoEmptyList } from './crl/crlNoEmptyList.ts'
import { crlNumber } from './crl/crlNumber.ts'
import { crlOrder } from './crl/crlOrder.ts'
import { crlPeriod } from './crl/crlPeriod.ts'
import { crlStrictDer } from './crl/crlStrictDer.ts'
import { crlVersion } from './crl/crlVersion.ts'
import { entryDate } from './crl/entryDate.ts'
import { entryExtensions } from './crl/entryExtensions.ts'
import { entryOrder } from './crl/entryOrder.ts'
import { entrySerial } from './crl/entrySerial.ts'
import { expiredCertsOnCrl } from './crl/expiredCertsOnCrl.ts'
import type { CrlRule, CrlEntryRule } from './rule.ts'

export const crlRules: readonly CrlRule[] = [
  crlAlgorithm,
  crlAuthorityKeyIdentifier,
  crlCriticality,
  crlDates,
  crlExtensions,
  crlIssuerMaySign,
  crlIssuerName,
  crlNoEmptyList,
  crlNumber,
  crlOrder,
  crlPeriod,
  crlStrictDer,
  crlVersion,
  expiredCertsOnCrl,
]
export const crlEntryRules: readonly CrlEntryRule[] = [entryDate, entryExtensions, entryOrder, entrySerial]
