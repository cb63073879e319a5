// What the responder says: read from the status table, linted and signed. Never "good" on a table that lags (architecture.md,
// "Projections"), never "good" for a serial that was not issued (EN 319 411-1 OVR-6.6.3-02).
import { createHash } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { addSeconds, secondsOf } from '../domain/policy/dates.ts'
import { notBeforeOf } from '../pki/fields.ts'
import { ocspErrorResponse, type OcspAnswer, type OcspError, type OcspStatus } from '../pki/ocsp.ts'
import { certIdMatches, parseOcspRequest, type CertId, type OcspRequest } from '../pki/ocspRequest.ts'
import { signOcspResponse } from '../pki/signOcspResponse.ts'
import { ocspAnswer } from '../readmodels/ocspAnswer.ts'
import type { Responder } from '../commands/responder.ts'
import type { Services } from './services.ts'

export type OcspReply = Readonly<{
  bytes: Uint8Array
  /** Present where caches may keep the answer (RFC 9919 section 6). */
  cacheable?: Readonly<{ thisUpdate: Instant; nextUpdate: Instant }>
}>

type Signed = Readonly<{ bytes: Uint8Array; thisUpdate: Instant; nextUpdate: Instant; renewAt: Instant }>

/** Answers kept. A definitive answer costs a signature, and most requests are for few certificates. */
const kept = 10_000

const failure = (error: OcspError): OcspReply => ({ bytes: ocspErrorResponse(error) })

const statusOf = async (services: Services, { serial }: CertId): Promise<OcspStatus> => {
  const row = await ocspAnswer(services.db, services.authority.ca.id, serial)
  if (row === undefined) return 'unknown'
  return row.revoked_at === null ? 'good' : { revokedAt: row.revoked_at }
}

const earliest = (...instants: readonly Instant[]): Instant => instants.reduce((a, b) => (a < b ? a : b))
const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b)

const sign = async (
  services: Services,
  responder: Responder,
  asked: OcspRequest,
  answers: readonly OcspAnswer[],
): Promise<Signed> => {
  const { policy, authority, now, reads } = services
  const producedAt = now()
  // The status was right when the table last stood where the ledger stood.
  const known = addSeconds(producedAt, -Math.ceil(reads.lagSeconds()))
  const thisUpdate = latest(known, notBeforeOf(responder.certificate))
  const nextUpdate = earliest(addSeconds(thisUpdate, policy.ocsp.responseMinutes * 60), responder.notAfter)
  const { ca } = authority
  const bytes = await signOcspResponse(
    {
      ...{ producedAt, thisUpdate, nextUpdate, answers, archiveCutoff: ca.issuer.notBefore },
      ...(asked.nonce === undefined ? {} : { nonce: asked.nonce }),
    },
    { policy, issuer: ca.certificate, responder: responder.certificate, asked },
    responder.signer,
  )
  const half = Math.floor((secondsOf(nextUpdate) - secondsOf(producedAt)) / 2)
  return { bytes, thisUpdate, nextUpdate, renewAt: addSeconds(producedAt, half) }
}

/** The certificates asked for, what is said of each, and who signs: when any of these changes, so does the key. */
const cacheKey = (answers: readonly OcspAnswer[], { serial }: Responder): string => {
  const hash = createHash('sha256').update(serial)
  for (const { certId, status } of answers) hash.update(certId.der).update(JSON.stringify(status))
  return hash.digest('base64')
}

const createCache = () => {
  const entries = new Map<string, Signed>()
  return {
    get: (key: string, at: Instant): Signed | undefined => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.renewAt <= at) return undefined
      entries.set(key, entry)
      return entry
    },
    set: (key: string, entry: Signed): void => {
      entries.set(key, entry)
      const [oldest] = entries.keys()
      if (entries.size > kept && oldest !== undefined) entries.delete(oldest)
    },
  }
}

/**
 * Makes the responder: octets in, octets out. Whatever comes in, an OCSPResponse goes out.
 * @param onFault is told what made an answer `tryLater` (RFC 6960 2.3), beside a lagging table
 */
export const createOcspAnswers = (
  services: Services,
  onFault: (error: unknown) => void,
): ((request: Uint8Array) => Promise<OcspReply>) => {
  const cache = createCache()

  const answered = async (asked: OcspRequest): Promise<OcspReply> => {
    const { authority, policy, reads, now } = services
    if (!asked.requests.every((certId) => certIdMatches(certId, authority.ca.issuer)))
      return failure('unauthorized')
    if (reads.lagSeconds() > policy.ocsp.maxLagSeconds) return failure('tryLater')
    const answers: OcspAnswer[] = []
    for (const certId of asked.requests) answers.push({ certId, status: await statusOf(services, certId) })
    const responder = await authority.responder()
    if (asked.nonce !== undefined) return { bytes: (await sign(services, responder, asked, answers)).bytes }
    const key = cacheKey(answers, responder)
    const before = cache.get(key, now())
    const signed = before ?? (await sign(services, responder, asked, answers))
    // Anybody can ask for serials that do not exist, without end: those answers are not kept.
    if (before === undefined && answers.every(({ status }) => status !== 'unknown')) cache.set(key, signed)
    return { bytes: signed.bytes, cacheable: signed }
  }

  return async (octets) => {
    const asked = parseOcspRequest(octets)
    if ('error' in asked) return failure(asked.error)
    try {
      return await answered(asked)
    } catch (error) {
      onFault(error)
      return failure('tryLater')
    }
  }
}
