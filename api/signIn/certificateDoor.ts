// Sign-in by a client certificate: judged against the anchors and lists that are configured (RFC 5280 6; the rules that a
// holder's own certificate meets, pki/authCertificate.ts), then looked for among those that are bound to an account.
import type { FastifyRequest } from 'fastify'
import type { Accounts } from '../../commands/accounts.ts'
import { sha256 } from '../../commands/issuing.ts'
import type { Instant } from '../../domain/kernel.ts'
import { judgeAuthCertificate } from '../../pki/authCertificate.ts'
import { signsItself } from '../../pki/certificatePath.ts'
import type { ReadTrust, Trust } from '../../pki/trust.ts'
import { Problem } from '../problems.ts'
import type { CrossSite } from './crossSite.ts'
import type { Door, Fault } from './doors.ts'
import type { PeerChain, PeerFault } from './peerCertificate.ts'

/** Judgements that are remembered, at most, of one state of the directory. */
const remembered = 1000

type Judge = (shown: PeerChain) => Promise<string | undefined>

/** What is wrong with a certificate; one that is shown at each request is judged once a minute, and whenever the directory changes. */
const createJudge = (readTrust: ReadTrust, now: () => Instant): Judge => {
  const known = new WeakMap<Trust, Map<string, Promise<string | undefined>>>()
  const judge = async (trust: Trust, { certificate, chain }: PeerChain, at: Instant) => {
    // Anchors are configured; nobody brings his own.
    const certificates = [...trust.certificates, ...chain.filter((one) => !signsItself(one))]
    const found = await judgeAuthCertificate(certificate, { trust: { ...trust, certificates }, at })
    return 'fault' in found ? found.fault : undefined
  }
  return async (shown) => {
    const trust = await readTrust().catch(() => undefined)
    if (trust === undefined) return 'trustMissing'
    const at = now()
    const judged = known.get(trust) ?? new Map<string, Promise<string | undefined>>()
    known.set(trust, judged)
    const key = [at.slice(0, 16), shown.certificate, ...shown.chain]
      .map((one) => (typeof one === 'string' ? one : sha256(one)))
      .join(' ')
    const found = judged.get(key) ?? judge(trust, shown, at)
    if (judged.size >= remembered) judged.clear()
    judged.set(key, found)
    return found
  }
}

type PeerOf = (request: FastifyRequest) => PeerChain | PeerFault | undefined

/** No way in: it refuses a request whose `Client-Cert` nobody may believe, whatever else signs it in. */
export const headerDoor =
  (peerOf: PeerOf): Door =>
  async (request): Promise<Fault | undefined> => {
    const peer = peerOf(request)
    if (typeof peer !== 'string') return undefined
    const problem = new Problem('HEADER_INVALID', { detail: 'Client-Cert' })
    return { means: 'certificate', cause: peer, identifier: 'Client-Cert', problem }
  }

/** @param tools.trust undefined: no certificate signs anybody in */
export const certificateDoor = (
  tools: Readonly<{
    accounts: Accounts
    peerOf: PeerOf
    trust: ReadTrust | undefined
    crossSite: CrossSite
    now: () => Instant
  }>,
): Door => {
  const { accounts, peerOf, trust, crossSite, now } = tools
  const judge: Judge = trust === undefined ? async () => 'trustMissing' : createJudge(trust, now)
  return async (request) => {
    const peer = peerOf(request)
    if (peer === undefined || typeof peer === 'string') return undefined
    const identifier = sha256(peer.certificate)
    const wrong = await judge(peer)
    // Looked for in any case: how long it takes does not say which of the two was missing.
    const account = await accounts.byCertificate(identifier)
    const cause = wrong ?? (account === undefined ? 'certificateUnknown' : undefined)
    if (cause !== undefined || account === undefined)
      return { means: 'certificate', cause: cause ?? 'certificateUnknown', identifier }
    // A browser shows its certificate whoever makes it send a request.
    if (crossSite(request, 'browserOnly'))
      return {
        ...{ means: 'certificate', cause: 'crossSite', identifier },
        problem: new Problem('CROSS_SITE'),
      }
    return { ...{ means: 'certificate', account, identifier }, once: `${account.id} ${identifier}` }
  }
}
