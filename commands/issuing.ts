// Signing one certificate: intent, act, outcome. What is signed is linted first; what was planned is signed again with
// the same bytes after a crash, or abandoned for good.
import { createHash } from 'node:crypto'
import { authority } from '../domain/authority.ts'
import { certificate, type Certificate } from '../domain/certificate.ts'
import type { Profile } from '../domain/lists.ts'
import { issuanceStopped } from '../domain/policy/endOfLife.ts'
import { assembleCertificate } from '../pki/certificate.ts'
import { authorityOf, type Issuer } from '../pki/issuer.ts'
import { lintCertificate, type Finding } from '../pki/lint.ts'
import type { Signer, SignatureAlgorithm } from '../pki/signer.ts'
import {
  abandonCertificate,
  planCertificate,
  recordCertificate,
  type PlanCertificate,
} from './certificates.ts'
import { perform, ProcessRefused, type Service } from './program.ts'
import { requireVerified, signAndRecord } from './signAndRecord.ts'

/** An authority as anybody may know it. `id`: first 16 hex digits of the SHA-256 of its SPKI. */
export type PublicAuthority = Readonly<{
  id: string
  issuer: Omit<Issuer, 'algorithm'>
  certificate: Uint8Array
}>

/** The issuing CA as the processes use it. */
export type IssuingCa = PublicAuthority & Readonly<{ issuer: Issuer; signer: Signer }>

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** What its certificate says of an authority. @throws DerFault */
export const publicAuthority = (certificate: Uint8Array): PublicAuthority => {
  const issuer = authorityOf(certificate)
  return { id: sha256(issuer.spki).slice(0, 16), issuer, certificate }
}

/** The rules that are not kept, each once. */
export const rulesOf = (findings: readonly Finding[]): readonly string[] => [
  ...new Set(findings.map(({ rule }) => rule)),
]

/** The lints refused what was to be signed; nothing was, and the serial is abandoned. */
export class LintRefused extends Error {
  override readonly name = 'LintRefused'
  readonly findings: readonly string[]
  constructor(findings: readonly string[]) {
    super(`not signed: ${findings.join(', ')}`)
    this.findings = findings
  }
}

type Order = Readonly<{
  serial: string
  profile: Profile
  tbs: Uint8Array
  plan: Omit<
    PlanCertificate['data'],
    'serial' | 'profile' | 'tbsSha256' | 'tbs' | 'responderTbs' | 'issuer' | 'profileVersion'
  >
  circumstances: { correlationId: string }
}>

/**
 * Plans, lints, signs, verifies and records one certificate.
 * @returns its DER
 * @throws LintRefused after the serial has been abandoned; KeyFault, LedgerFault: given again, it goes on where it stood
 */
export const signCertificate = async (service: Service, ca: IssuingCa, order: Order): Promise<Uint8Array> => {
  const { serial, profile, circumstances } = order
  const before = (await service.ledger.load(certificate, serial)).state
  // A plan that stands is signed as it stands: two contents never share a serial.
  const tbs = 'tbs' in before && before.tbs !== undefined ? Buffer.from(before.tbs, 'base64') : order.tbs
  const findings = lintCertificate(tbs, profile === 'encryption' ? 'holder' : 'ocspResponder', {
    policy: service.policy,
    issuer: ca.certificate,
    algorithm: ca.signer.algorithm,
  })
  // A plan that stands may have been signed before a crash: its serial is then published as revoked.
  const maybeSigned = before.status === 'planned'
  if (findings.length > 0) return await abandon(service, order, findings, maybeSigned)
  if (before.status === 'unknown') {
    const encoded = Buffer.from(tbs).toString('base64')
    await perform(service, planCertificate(service.policy), {
      key: serial,
      data: {
        ...order.plan,
        serial,
        profile,
        profileVersion: 1,
        issuer: ca.id,
        tbsSha256: sha256(tbs),
        ...(profile === 'encryption' ? { tbs: encoded } : { responderTbs: encoded }),
      },
      circumstances,
    })
  }
  await requireIssuing(service, ca, order, maybeSigned)
  return signAndRecord(ca.signer, { tbs, tbsSha256: sha256(tbs) }, async (signature) => {
    const der = assembleCertificate(tbs, ca.signer.algorithm, signature)
    requireVerified(der, ca.issuer.spki)
    await perform(service, recordCertificate, {
      key: serial,
      data: {
        serial,
        signatureAlgorithm: ca.signer.algorithm,
        signature: Buffer.from(signature).toString('base64'),
        certSha256: sha256(der),
      },
      circumstances,
    })
    return der
  })
}

/**
 * CGU-80: looks back from the plan. A stop that came before it, or since, ends it: nothing is signed any more, and every plan
 * has its outcome (events.md section 4, P5).
 */
const requireIssuing = async (
  service: Service,
  ca: IssuingCa,
  { serial, profile, circumstances }: Order,
  maybeSigned: boolean,
): Promise<void> => {
  const { state } = await service.ledger.load(authority, ca.id)
  const stopped = issuanceStopped(state, { profile, at: service.now() })
  if (stopped === undefined || !('refused' in stopped)) return
  await perform(service, abandonCertificate, {
    key: serial,
    data: { serial, cause: 'issuanceStopped', findings: [], maybeSigned },
    circumstances,
  })
  const { code, clause, detail } = stopped.refused
  throw new ProcessRefused('PlanCertificate', code, clause, detail)
}

const abandon = async (
  service: Service,
  order: Order,
  findings: readonly Finding[],
  maybeSigned: boolean,
): Promise<never> => {
  const names = rulesOf(findings)
  await perform(service, abandonCertificate, {
    key: order.serial,
    data: { serial: order.serial, cause: 'lint', findings: names, maybeSigned },
    circumstances: order.circumstances,
  })
  throw new LintRefused(names)
}

/** The DER of a certificate that was issued, from its TBS and recorded signature; undefined once its TBS is destroyed. */
export const derOf = (state: Certificate): Uint8Array | undefined => {
  if (!('signature' in state) || state.tbs === undefined) return undefined
  return assembleCertificate(
    Buffer.from(state.tbs, 'base64'),
    state.signatureAlgorithm as SignatureAlgorithm,
    Buffer.from(state.signature, 'base64'),
  )
}
