// Writes OCSP responses (RFC 6960 4.2, RFC 9919; regulation.md 2.5).
import type { Instant } from '../domain/kernel.ts'
import { signed } from './algorithms.ts'
import { constructed, octets, oid, primitive, sequence, tlv, type Der } from './der.ts'
import { archiveCutoff, ocspNonce } from './extensions.ts'
import { keyIdentifier } from './fields.ts'
import type { CertId } from './ocspRequest.ts'
import type { SignatureAlgorithm } from './signer.ts'
import { generalizedTime } from './time.ts'

/** `unknown`: never issued by us. A serial that was not issued is never "good" (EN 319 411-1 OVR-6.6.3-02). */
export type OcspStatus = 'good' | 'unknown' | Readonly<{ revokedAt: Instant }>

export type OcspAnswer = Readonly<{ certId: Pick<CertId, 'der'>; status: OcspStatus }>

export type OcspPlan = Readonly<{
  /** SubjectPublicKeyInfo of the key that signs: the responder's, or the authority's own for the last responses. */
  responderSpki: Uint8Array
  producedAt: Instant
  /** When the status was known to be right: the instant of the read model, not of the answer. */
  thisUpdate: Instant
  nextUpdate: Instant
  /** One for every certificate that was asked for, in the order of the request (RFC 6960 4.2.2.3). */
  answers: readonly OcspAnswer[]
  /** The authority's notBefore: status is kept for all that ever expired. */
  archiveCutoff: Instant
  /** The request's nonce. Never in a response made ahead of its request. */
  nonce?: Uint8Array
}>

const errors = {
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const
export type OcspError = keyof typeof errors

const responseStatus = (status: number): Der => tlv(0x0a, Uint8Array.of(status))

/** An unsigned error (RFC 6960 2.3). */
export const ocspErrorResponse = (error: OcspError): Uint8Array => sequence(responseStatus(errors[error]))

const certStatus = (status: OcspStatus): Der => {
  if (status === 'good') return primitive(0, new Uint8Array())
  if (status === 'unknown') return primitive(2, new Uint8Array())
  // No revocationReason: causes are confidential (decision D3).
  return constructed(1, generalizedTime(status.revokedAt))
}

const singleResponse = (plan: OcspPlan, { certId, status }: OcspAnswer): Der => {
  const cutoff = constructed(1, sequence(archiveCutoff(plan.archiveCutoff)))
  return sequence(
    certId.der,
    certStatus(status),
    generalizedTime(plan.thisUpdate),
    constructed(0, generalizedTime(plan.nextUpdate)),
    ...(status === 'unknown' ? [] : [cutoff]),
  )
}

/**
 * ResponseData: byKey (RFC 9919 MUST), the CertIDs as they were asked. A client that asks with SHA-1 finds its own
 * CertID and none beside it: a SHA-256 twin would be a response to a question nobody asked (RFC 6960 4.2.2.3 SHOULD NOT).
 * @throws RangeError for an instant that is none; DerFault for a key that is none
 */
export const ocspTbs = (plan: OcspPlan): Uint8Array =>
  sequence(
    constructed(2, octets(keyIdentifier(plan.responderSpki))),
    generalizedTime(plan.producedAt),
    sequence(...plan.answers.map((answer) => singleResponse(plan, answer))),
    ...(plan.nonce === undefined ? [] : [constructed(1, sequence(ocspNonce(plan.nonce)))]),
  )

export type OcspSignature = Readonly<{ algorithm: SignatureAlgorithm; signature: Uint8Array }>

/** A successful OCSPResponse. `certificates`: the responder's own; none where the authority itself signed. */
export const assembleOcspResponse = (
  tbs: Uint8Array,
  { algorithm, signature }: OcspSignature,
  certificates: readonly Uint8Array[],
): Uint8Array => {
  const certs = certificates.length === 0 ? [] : [constructed(0, sequence(...certificates))]
  const basic = signed(tbs, algorithm, signature, ...certs)
  return sequence(responseStatus(0), constructed(0, sequence(oid('1.3.6.1.5.5.7.48.1.1'), octets(basic))))
}
