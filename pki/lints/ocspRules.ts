import { archiveCutoff } from './ocsp/archiveCutoff.ts'
import { askedCertIds } from './ocsp/askedCertIds.ts'
import { certIdIssuer } from './ocsp/certIdIssuer.ts'
import { certStatus } from './ocsp/certStatus.ts'
import { ocspExtensions } from './ocsp/ocspExtensions.ts'
import { ocspNonce } from './ocsp/ocspNonce.ts'
import { ocspOrder } from './ocsp/ocspOrder.ts'
import { ocspPeriod } from './ocsp/ocspPeriod.ts'
import { ocspStrictDer } from './ocsp/ocspStrictDer.ts'
import { ocspTimes } from './ocsp/ocspTimes.ts'
import { ocspVersion } from './ocsp/ocspVersion.ts'
import { responderAuthorised } from './ocsp/responderAuthorised.ts'
import { responderCertificate } from './ocsp/responderCertificate.ts'
import { responderId } from './ocsp/responderId.ts'
import { responderInForce } from './ocsp/responderInForce.ts'
import type { OcspRule } from './rule.ts'

export const ocspRules: readonly OcspRule[] = [
  archiveCutoff,
  askedCertIds,
  certIdIssuer,
  certStatus,
  ocspExtensions,
  ocspNonce,
  ocspOrder,
  ocspPeriod,
  ocspStrictDer,
  ocspTimes,
  ocspVersion,
  responderAuthorised,
  responderCertificate,
  responderId,
  responderInForce,
]
