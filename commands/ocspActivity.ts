// CGU-107: what the responder has answered, gathered in memory and recorded every hour and at a stop: how many answers were signed by
// whose key, under the head of a tree over them (CGU-76). An hour that a crash cuts off is not recorded: the signer's own count has it.
import { openRightEdge, type RightEdge } from '../ledger/merkle.ts'
import type { Instant } from '../domain/kernel.ts'
import { leafHash } from '../ledger/leaf.ts'
import type { OcspStatus } from '../pki/ocsp.ts'
import { recordOcspActivity } from './ocspRecords.ts'
import { perform, type Service } from './program.ts'

/** What one answer says of the certificates that it was asked about. */
export type Said = Readonly<{ good: number; revoked: number; unknown: number }>

export const saidOf = (statuses: readonly OcspStatus[]): Said => {
  const good = statuses.filter((status) => status === 'good').length
  const unknown = statuses.filter((status) => status === 'unknown').length
  return { good, unknown, revoked: statuses.length - good - unknown }
}

/** What was answered with one responder's key for a while, as it is recorded. */
export type OcspPart = Readonly<{
  /** Serial of the responder's certificate; empty where no answer could be given. */
  responder: string
  from: Instant
  good: number
  revoked: number
  unknown: number
  tryLater: number
  worstLagSeconds: number
  samples: number
  samplesRoot: string
  /** Tells processes apart that answer at the same time; absent where one answers alone. */
  teller?: string
}>

export type OcspActivity = Readonly<{
  /** An answer was signed by the key of this certificate. */
  signed: (responder: string, response: Uint8Array) => void
  /** An answer was given, signed now or kept from before, on a table so many seconds old. */
  given: (responder: string, said: Said, lagSeconds: number) => void
  /** Nothing was known well enough to be said. */
  late: () => void
  /** Records what has been gathered. What cannot be recorded is kept for the next time. */
  record: (service: Service, issuer: string) => Promise<void>
  /** Hands over what has been gathered. What is not taken is kept for the next time. */
  drain: (take: (part: OcspPart) => Promise<void>) => Promise<void>
}>

type Gathered = {
  readonly from: Instant
  readonly edge: RightEdge
  good: number
  revoked: number
  unknown: number
  tryLater: number
  worstLagSeconds: number
}

/** Whose answers: nobody's, where none could be given. */
const nobody = ''

/** What the part is known by: handed over or recorded twice, it counts once. */
export const keyOfPart = (issuer: string, { responder, from, samplesRoot, teller }: OcspPart): string =>
  [issuer, responder, from, samplesRoot, ...(teller === undefined ? [] : [teller])].join('|')

/** Records what a process has answered. Given again, nothing happens. */
export const recordPart = async (service: Service, issuer: string, part: OcspPart): Promise<void> => {
  const { responder, from, samples, samplesRoot, teller, ...counts } = part
  const name = [from.slice(11, 19).replaceAll(':', ''), samplesRoot.slice(0, 16)]
  await perform(service, recordOcspActivity, {
    key: keyOfPart(issuer, part),
    data: {
      ...{ issuer, day: from.slice(0, 10), ...counts, unissuedAsked: counts.unknown },
      part: [...name, ...(teller === undefined ? [] : [teller])].join('-'),
      ...{ responders: responder === nobody ? [] : [responder], samples, samplesRoot },
    },
  })
}

const partOf = (responder: string, { edge, ...gathered }: Gathered): OcspPart => ({
  ...{ responder, ...gathered },
  ...{ samples: edge.size(), samplesRoot: edge.root().toString('hex') },
})

/**
 * @param now an instant, by which what is gathered is named
 * @param teller tells this process from others that answer for the same authority
 */
export const openOcspActivity = (now: () => string, teller?: string): OcspActivity => {
  let gathering = new Map<string, Gathered>()
  /** Taken, and not in the ledger yet. */
  let waiting: (readonly [responder: string, Gathered])[] = []

  const of = (responder: string): Gathered => {
    const known = gathering.get(responder)
    if (known !== undefined) return known
    const counts = { good: 0, revoked: 0, unknown: 0, tryLater: 0, worstLagSeconds: 0 }
    const begun: Gathered = { from: now(), edge: openRightEdge(), ...counts }
    gathering.set(responder, begun)
    return begun
  }

  const drain: OcspActivity['drain'] = async (take) => {
    waiting.push(...gathering)
    gathering = new Map()
    while (waiting[0] !== undefined) {
      await take({ ...partOf(...waiting[0]), ...(teller === undefined ? {} : { teller }) })
      waiting = waiting.slice(1)
    }
  }

  return {
    signed: (responder, response) => of(responder).edge.append(leafHash(response)),
    given: (responder, { good, revoked, unknown }, lagSeconds) => {
      const gathered = of(responder)
      gathered.good += good
      gathered.revoked += revoked
      gathered.unknown += unknown
      gathered.worstLagSeconds = Math.max(gathered.worstLagSeconds, Math.ceil(lagSeconds))
    },
    late: () => {
      of(nobody).tryLater += 1
    },
    record: (service, issuer) => drain((part) => recordPart(service, issuer, part)),
    drain,
  }
}
