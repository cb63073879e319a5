import { oids } from './oids.ts'
import type { Profile } from './rule.ts'

type Expected = Readonly<{ required: readonly string[]; optional: readonly string[] }>

/** regulation.md 2.2, 2.3 and 2.5: what is not named here is forbidden. */
export const expectedExtensions: Readonly<Record<Profile, Expected>> = {
  root: {
    required: [oids.subjectKeyIdentifier, oids.keyUsage, oids.basicConstraints],
    optional: [oids.authorityKeyIdentifier],
  },
  issuingCa: {
    required: [
      oids.authorityKeyIdentifier,
      oids.subjectKeyIdentifier,
      oids.keyUsage,
      oids.certificatePolicies,
      oids.basicConstraints,
      oids.crlDistributionPoints,
      oids.authorityInfoAccess,
    ],
    optional: [],
  },
  holder: {
    required: [
      oids.authorityKeyIdentifier,
      oids.subjectKeyIdentifier,
      oids.keyUsage,
      oids.certificatePolicies,
      oids.crlDistributionPoints,
      oids.authorityInfoAccess,
    ],
    optional: [oids.subjectAltName, oids.extendedKeyUsage],
  },
  ocspResponder: {
    required: [
      oids.authorityKeyIdentifier,
      oids.subjectKeyIdentifier,
      oids.keyUsage,
      oids.certificatePolicies,
      oids.extendedKeyUsage,
      oids.noCheck,
    ],
    optional: [],
  },
}
