import { authorityIdentity } from './certificate/authorityIdentity.ts'
import { authorityInfoAccess } from './certificate/authorityInfoAccess.ts'
import { authorityKeyIdentifier } from './certificate/authorityKeyIdentifier.ts'
import { authorityValidity } from './certificate/authorityValidity.ts'
import { basicConstraints } from './certificate/basicConstraints.ts'
import { certificatePolicies } from './certificate/certificatePolicies.ts'
import { countryCode } from './certificate/countryCode.ts'
import { cpsUri } from './certificate/cpsUri.ts'
import { criticality } from './certificate/criticality.ts'
import { crlDistributionPoints } from './certificate/crlDistributionPoints.ts'
import { defaultsLeftOut } from './certificate/defaultsLeftOut.ts'
import { extendedKeyUsage } from './certificate/extendedKeyUsage.ts'
import { extensionsAllowed } from './certificate/extensionsAllowed.ts'
import { extensionsOnce } from './certificate/extensionsOnce.ts'
import { extensionsRequired } from './certificate/extensionsRequired.ts'
import { holderValidity } from './certificate/holderValidity.ts'
import { httpOnly } from './certificate/httpOnly.ts'
import { issuerMaySign } from './certificate/issuerMaySign.ts'
import { issuerName } from './certificate/issuerName.ts'
import { keyOfItsOwn } from './certificate/keyOfItsOwn.ts'
import { keyUsage } from './certificate/keyUsage.ts'
import { keyUsageBits } from './certificate/keyUsageBits.ts'
import { ocspNoCheck } from './certificate/ocspNoCheck.ts'
import { organizationIdentifier } from './certificate/organizationIdentifier.ts'
import { organizationalUnit } from './certificate/organizationalUnit.ts'
import { pathLength } from './certificate/pathLength.ts'
import { personNumber } from './certificate/personNumber.ts'
import { publicKey } from './certificate/publicKey.ts'
import { responderValidity } from './certificate/responderValidity.ts'
import { serialNumber } from './certificate/serialNumber.ts'
import { signatureAlgorithm } from './certificate/signatureAlgorithm.ts'
import { strictDer } from './certificate/strictDer.ts'
import { subjectAltName } from './certificate/subjectAltName.ts'
import { subjectAttributes } from './certificate/subjectAttributes.ts'
import { subjectEncoding } from './certificate/subjectEncoding.ts'
import { subjectKeyIdentifier } from './certificate/subjectKeyIdentifier.ts'
import { subjectText } from './certificate/subjectText.ts'
import { testMark } from './certificate/testMark.ts'
import { uniqueIdentifiers } from './certificate/uniqueIdentifiers.ts'
import { validityEncoding } from './certificate/validityEncoding.ts'
import { validityOrder } from './certificate/validityOrder.ts'
import { validityWithinIssuer } from './certificate/validityWithinIssuer.ts'
import { version } from './certificate/version.ts'
import type { CertificateRule } from './rule.ts'

export const certificateRules: readonly CertificateRule[] = [
  authorityIdentity,
  authorityInfoAccess,
  authorityKeyIdentifier,
  authorityValidity,
  basicConstraints,
  certificatePolicies,
  countryCode,
  cpsUri,
  criticality,
  crlDistributionPoints,
  defaultsLeftOut,
  extendedKeyUsage,
  extensionsAllowed,
  extensionsOnce,
  extensionsRequired,
  holderValidity,
  httpOnly,
  issuerMaySign,
  issuerName,
  keyOfItsOwn,
  keyUsage,
  keyUsageBits,
  ocspNoCheck,
  organizationIdentifier,
  organizationalUnit,
  pathLength,
  personNumber,
  publicKey,
  responderValidity,
  serialNumber,
  signatureAlgorithm,
  strictDer,
  subjectAltName,
  subjectAttributes,
  subjectEncoding,
  subjectKeyIdentifier,
  subjectText,
  testMark,
  uniqueIdentifiers,
  validityEncoding,
  validityOrder,
  validityWithinIssuer,
  version,
]
