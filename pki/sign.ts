// The only way to a signature: lint, sign, assemble. A finding stops it before the key is used.
import { assembleCertificate } from './certificate.ts'
import { assembleCrl } from './crl.ts'
import { spkiOf } from './fields.ts'
import {
  lintCertificate,
  lintCrl,
  lintOcspResponse,
  type CertificateContext,
  type CrlContext,
  type Finding,
  type OcspContext,
  type Profile,
} from './lint.ts'
import { assembleOcspResponse } from './ocsp.ts'
import type { Signer } from './signer.ts'

/** What was to be signed breaks a rule: nothing was signed. */
export class LintFault extends Error {
  override readonly name = 'LintFault'
  readonly findings: readonly Finding[]
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ rule, message, citation }) => `${rule}: ${message} (${citation})`).join('; '))
    this.findings = findings
  }
}

const stopAt = (findings: readonly Finding[]): void => {
  if (findings.length > 0) throw new LintFault(findings)
}

/** The certificate given as the signer's is that of another key: a mistake of the caller, never of the data. */
const sameKey = (certificate: Uint8Array, signer: Signer): void => {
  if (Buffer.compare(spkiOf(certificate), signer.spki) !== 0)
    throw new Error('not the certificate of this key')
}

/** @throws LintFault, and what the signer throws */
export const signCertificate = async (
  tbs: Uint8Array,
  profile: Profile,
  context: Omit<CertificateContext, 'algorithm'>,
  signer: Signer,
): Promise<Uint8Array> => {
  // A root names no issuer: it is signed with its own key.
  sameKey(context.issuer ?? assembleCertificate(tbs, signer.algorithm, new Uint8Array()), signer)
  stopAt(lintCertificate(tbs, profile, { ...context, algorithm: signer.algorithm }))
  return assembleCertificate(tbs, signer.algorithm, await signer.sign(tbs))
}

/** @throws LintFault, and what the signer throws */
export const signCrl = async (
  tbs: Uint8Array,
  context: Omit<CrlContext, 'algorithm'>,
  signer: Signer,
): Promise<Uint8Array> => {
  sameKey(context.issuer, signer)
  stopAt(lintCrl(tbs, { ...context, algorithm: signer.algorithm }))
  return assembleCrl(tbs, signer.algorithm, await signer.sign(tbs))
}

/** The responder's certificate goes with the response, unless the issuer itself signs. @throws as signCrl */
export const signOcspResponse = async (
  tbs: Uint8Array,
  context: OcspContext,
  signer: Signer,
): Promise<Uint8Array> => {
  sameKey(context.responder, signer)
  stopAt(lintOcspResponse(tbs, context))
  const delegated = Buffer.compare(context.responder, context.issuer) !== 0
  const signature = { algorithm: signer.algorithm, signature: await signer.sign(tbs) }
  return assembleOcspResponse(tbs, signature, delegated ? [context.responder] : [])
}
