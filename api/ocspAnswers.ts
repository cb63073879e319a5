// What the responder says: read from the status table, linted and signed. Never "good" on a table that lags (architecture.md,
// "Projections"), never "good" for a serial that was not issued (EN 319 411-1 OVR-6.6.3-02).
import type { Instant } from '../domain/kernel.ts'
import { addSeconds, secondsOf } from '../domain/policy/dates.ts'
import { notBeforeOf } from '../pki/fields.ts'
import { ocspErrorResponse, type OcspAnswer, type OcspError, type OcspStatus } from '../pki/ocsp.ts'
import { certIdMatches, parseOcspRequest, type CertId, type OcspRequest } from '../pki/ocspRequest.ts'
import { signOcspResponse } from '../pki/signOcspResponse.ts'
import { ocspAnswers } from '../readmodels/ocspAnswer.ts'
import { saidOf, type Said } from '../commands/ocspActivity.ts'
import type { PublicAuthority } from '../commands/issuing.ts'
import type { Responder } from '../commands/responder.ts'
import { formatPosition } from './position.ts'
import {
  createCache,
  isToBeSigned,
  keyOfRequest,
  mayBeKept,
  type OcspKeeper,
  type Signed,
} from './ocspKept.ts'
import type { Services } from './services.ts'

/** What an answer is made of. Nothing here signs certificates or lists. */
export type OcspServices = Pick<Services, 'policy' | 'now' | 'db'> &
  Readonly<{
    reads: Pick<Services['reads'], 'position' | 'lagSeconds' | 'lookAgain'>
    authority: Pick<Services['authority'], 'responder' | 'activity'> & Readonly<{ ca: PublicAuthority }>
  }>

export type OcspReply = Readonly<{
  bytes: Uint8Array
  /** What it says of all that was asked, `mixed` where that differs; or the error. */
  status: 'good' | 'revoked' | 'unknown' | 'mixed' | OcspError
  /** Present where caches may keep the answer (RFC 9919 section 6). */
  cacheable?: Readonly<{ thisUpdate: Instant; nextUpdate: Instant }>
}>

const failure = (error: OcspError): OcspReply => ({ bytes: ocspErrorResponse(error), status: error })

const wordOf = (said: Said): OcspReply['status'] => {
  const [word, ...more] = (['good', 'revoked', 'unknown'] as const).filter((one) => said[one] > 0)
  return word === undefined || more.length > 0 ? 'mixed' : word
}

/** The status table is further behind the ledger than an answer may be. */
class LateTable extends Error {
  override readonly name = 'LateTable'
}

/** @returns by how many seconds the status table is behind. @throws LateTable */
const requireFresh = ({ policy, reads }: OcspServices): number => {
  const lag = reads.lagSeconds()
  if (lag > policy.ocsp.maxLagSeconds) throw new LateTable()
  return lag
}

const answersTo = async (
  services: OcspServices,
  { requests }: OcspRequest,
): Promise<readonly OcspAnswer[]> => {
  const { db, authority, reads } = services
  const serials = requests.map(({ serial }) => serial)
  const rows = await ocspAnswers(db, authority.ca.id, serials)
  // Rows that were thrown away before they were read, to be built anew, know of no certificate.
  await reads.lookAgain()
  requireFresh(services)
  const statusOf = (serial: string): OcspStatus => {
    const row = rows.get(serial)
    if (row === undefined) return 'unknown'
    return row.revoked_at === null ? 'good' : { revokedAt: row.revoked_at }
  }
  return requests.map((certId) => ({ certId, status: statusOf(certId.serial) }))
}

const earliest = (...instants: readonly Instant[]): Instant => instants.reduce((a, b) => (a < b ? a : b))
const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b)

const sign = async (
  services: OcspServices,
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
  authority.activity.signed(responder.serial, bytes)
  const half = Math.floor((secondsOf(nextUpdate) - secondsOf(producedAt)) / 2)
  const said = saidOf(answers.map(({ status }) => status))
  return { bytes, thisUpdate, nextUpdate, renewAt: addSeconds(producedAt, half), said }
}

export type OcspResponder = Readonly<{
  /** Octets in, octets out. Whatever comes in, an OCSPResponse goes out. */
  answer: (request: Uint8Array) => Promise<OcspReply>
  /**
   * Signs what the keeper will give to whoever asks for this certificate, unless it has that for half of its term yet.
   * @returns whether it was signed. @throws what keeps it from being signed
   */
  prepare: (certId: CertId) => Promise<boolean>
}>

/**
 * Makes the responder.
 * @param onFault is told what made an answer `tryLater` (RFC 6960 2.3), beside a lagging table
 * @param keeper has the answers that are given when none can be signed; without it there are none
 */
export const createOcspAnswers = (
  services: OcspServices,
  onFault: (error: unknown) => void,
  keeper?: OcspKeeper,
): OcspResponder => {
  const cache = createCache()
  const standing = (): string | undefined => {
    const position = services.reads.position()
    return position === undefined ? undefined : formatPosition(position)
  }

  /** The answer that is everybody's, because no nonce makes it one client's. */
  const common = async (asked: OcspRequest, responder: Responder): Promise<Signed> => {
    const certificates = keyOfRequest(asked)
    const key = `${responder.serial} ${certificates}`
    const before = cache.get(key, services.now())
    const stood = standing()
    if (before !== undefined && stood !== undefined && before.position === stood) return before.signed
    const answers = await answersTo(services, asked)
    const said = JSON.stringify(answers.map(({ status }) => status))
    const signed = before?.said === said ? before.signed : await sign(services, responder, asked, answers)
    // Where it moved in between, or is being rebuilt, nobody knows where it stood when it was asked.
    const position = standing() === stood ? stood : undefined
    if (mayBeKept(answers)) {
      cache.set(key, { signed, said, position })
      const statuses = answers.map(({ status }) => status)
      const serials = asked.requests.map(({ serial }) => serial)
      // While it moves, nobody may have seen yet what contradicts this: the next question, or the next round, keeps one.
      if (position !== undefined)
        keeper?.keep(certificates, { ...signed, responder: responder.serial, serials, statuses })
    }
    return signed
  }

  const answered = async (asked: OcspRequest): Promise<OcspReply> => {
    const { authority } = services
    if (!asked.requests.every((certId) => certIdMatches(certId, authority.ca.issuer)))
      return failure('unauthorized')
    const lag = requireFresh(services)
    const responder = await authority.responder()
    const given = (said: Said): void => authority.activity.given(responder.serial, said, lag)
    if (asked.nonce === undefined) {
      const signed = await common(asked, responder)
      given(signed.said)
      return { bytes: signed.bytes, status: wordOf(signed.said), cacheable: signed }
    }
    const { bytes, said } = await sign(services, responder, asked, await answersTo(services, asked))
    given(said)
    return { bytes, status: wordOf(said) }
  }

  /** RFC 6960 2.5: an answer made before, as long as it lasts. It has no nonce, whatever was asked. */
  const again = (asked: OcspRequest): OcspReply | undefined => {
    const answer = keeper?.find(keyOfRequest(asked))
    if (answer === undefined) return undefined
    const { authority, now } = services
    authority.activity.given(answer.responder, answer.said, secondsOf(now()) - secondsOf(answer.thisUpdate))
    return { bytes: answer.bytes, status: wordOf(answer.said), cacheable: answer }
  }

  const answer: OcspResponder['answer'] = async (octets) => {
    const asked = parseOcspRequest(octets)
    if ('error' in asked) return failure(asked.error)
    try {
      return await answered(asked)
    } catch (error) {
      if (!(error instanceof LateTable)) onFault(error)
      const before = again(asked)
      if (before !== undefined) return before
      services.authority.activity.late()
      return failure('tryLater')
    }
  }
  return {
    answer,
    prepare: async (certId) => {
      const asked = { requests: [certId] }
      const before = keeper?.find(keyOfRequest(asked))
      if (before !== undefined && !isToBeSigned(before, services.now())) return false
      requireFresh(services)
      await common(asked, await services.authority.responder())
      return true
    },
  }
}
