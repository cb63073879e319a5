// The four certificate profiles (regulation.md 2.2, 2.3, 2.5), as TBSCertificates ready to be linted and signed. What
// the policy fixes comes from the policy; a plan has only what changes from one certificate to the next.
import type { Instant } from '../domain/kernel.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { algorithmIdentifier, signed } from './algorithms.ts'
import { constructed, integer, sequence, tlv, type Der } from './der.ts'
import * as ext from './extensions.ts'
import { keyIdentifier } from './fields.ts'
import type { Issuer } from './issuer.ts'
import { authorityName, holderName, type HolderSubject } from './name.ts'
import type { SignatureAlgorithm } from './signer.ts'
import { time } from './time.ts'

type Plan = Readonly<{
  /** 32 lower-case hex digits, the first 4 to 7. */
  serial: string
  notBefore: Instant
  /** The last second of the validity (RFC 5280 4.1.2.5 includes it). */
  notAfter: Instant
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
}>
export type RootPlan = Plan & Readonly<{ algorithm: SignatureAlgorithm }>
export type IssuingCaPlan = Plan & Readonly<{ issuer: Issuer }>
export type ResponderPlan = Plan & Readonly<{ issuer: Issuer }>
/** `email`: ASCII, left out where none was collected. */
export type HolderPlan = Plan & Readonly<{ issuer: Issuer; subject: HolderSubject; email?: string }>

const serialNumber = (serial: string): Der => {
  if (!/^[4-7][0-9a-f]{31}$/.test(serial)) throw new RangeError('not a serial number')
  return tlv(0x02, Buffer.from(serial, 'hex'))
}

type Signing = Pick<Issuer, 'name' | 'algorithm'>

const tbs = (plan: Plan, issuer: Signing, subject: Der, extensions: readonly Der[]): Der =>
  sequence(
    constructed(0, integer(2)),
    serialNumber(plan.serial),
    algorithmIdentifier(issuer.algorithm),
    issuer.name,
    sequence(time(plan.notBefore), time(plan.notAfter)),
    subject,
    plan.spki,
    constructed(3, sequence(...extensions)),
  )

const keyIdentifiers = (plan: Plan & Readonly<{ issuer: Issuer }>): readonly Der[] => [
  ext.authorityKeyIdentifier(plan.issuer.keyId),
  ext.subjectKeyIdentifier(keyIdentifier(plan.spki)),
]

/**
 * The root's own certificate. It names no CRL: nobody but itself could revoke it, its trust comes from its fingerprint.
 * @throws RangeError for a serial, date or text that the profile cannot carry; DerFault for a key that is none
 */
export const rootTbs = (policy: Policy, plan: RootPlan): Uint8Array => {
  const name = authorityName(policy, policy.root)
  const keyId = keyIdentifier(plan.spki)
  return tbs(plan, { name, algorithm: plan.algorithm }, name, [
    ext.authorityKeyIdentifier(keyId),
    ext.subjectKeyIdentifier(keyId),
    ext.keyUsage('keyCertSign', 'cRLSign'),
    ext.basicConstraints(),
  ])
}

const anyPolicy = '2.5.29.32.0'

/** RFC 5280 section 8: no https in CRLDP and AIA, else a client may have to check a chain to check a chain. */
const overHttp = (url: string): string => url.replace(/^https:/, 'http:')

/**
 * The issuing authority's certificate. `digitalSignature` is there from day one, because the last OCSP responses are
 * signed with this key (CGU-88, decision D9). anyPolicy, because two policies are issued under it: holders' and
 * responders'.
 * @throws as rootTbs
 */
export const issuingCaTbs = (policy: Policy, plan: IssuingCaPlan): Uint8Array =>
  tbs(plan, plan.issuer, authorityName(policy, policy.issuing), [
    ...keyIdentifiers(plan),
    ext.keyUsage('digitalSignature', 'keyCertSign', 'cRLSign'),
    ext.certificatePolicies(anyPolicy),
    ext.basicConstraints(0),
    ext.crlDistributionPoints(policy.publication.rootCrl),
    ext.authorityInfoAccess({ caIssuers: policy.publication.rootCertificate.map(overHttp) }),
  ])

const emailProtection = '1.3.6.1.5.5.7.3.4'

/**
 * A holder's encryption certificate: keyEncipherment and nothing else (CGU-108; EN 319 412-2 NAT-4.3.2-1).
 * @throws as rootTbs
 */
export const holderTbs = (policy: Policy, plan: HolderPlan): Uint8Array => {
  const { holder, publication } = policy
  return tbs(plan, plan.issuer, holderName(policy, plan.subject), [
    ...keyIdentifiers(plan),
    ext.keyUsage('keyEncipherment'),
    ext.certificatePolicies(holder.policyOid, holder.cpsUri),
    ...(plan.email === undefined ? [] : [ext.emailAddress(plan.email)]),
    ...(holder.emailProtection ? [ext.extendedKeyUsage(emailProtection)] : []),
    ext.crlDistributionPoints(publication.crl),
    ext.authorityInfoAccess({ ocsp: publication.ocsp, caIssuers: publication.caIssuers }),
  ])
}

const ocspSigning = '1.3.6.1.5.5.7.3.9'

/**
 * An OCSP responder's certificate, issued by the very authority it answers for (RFC 6960 4.2.2.2; decision D8). Nobody
 * checks its own status: it is short-lived, carries nocheck, and names neither CRL nor responder.
 * @throws as rootTbs
 */
export const responderTbs = (policy: Policy, plan: ResponderPlan): Uint8Array => {
  const commonName = `OCSP ${policy.issuing.commonName}`
  return tbs(plan, plan.issuer, authorityName(policy, { ...policy.issuing, commonName }), [
    ...keyIdentifiers(plan),
    ext.keyUsage('digitalSignature'),
    ext.certificatePolicies(policy.ocsp.policyOid),
    ext.extendedKeyUsage(ocspSigning),
    ext.ocspNoCheck,
  ])
}

/** Certificate of RFC 5280 4.1. `algorithm` is the one inside `tbs` (4.1.1.2); ECDSA signatures are DER. */
export const assembleCertificate = (
  tbs: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array => signed(tbs, algorithm, signature)
