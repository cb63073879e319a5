// CGU-107: what the responder has answered, gathered in memory and recorded every hour and at a stop: how many answers were signed by
// whose key, under the head of a tree over them (CGU-76). An hour that a crash cuts off is not recorded: the signer's own count has it.
import { openRightEdge, type RightEdge } from '../ledger/merkle.ts'
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

export type OcspActivity = Readonly<{
  /** An answer was signed by the key of this certificate. */
  signed: (responder: string, response: Uint8Array) => void
  /** An answer was given, signed now or kept from before, on a table so many seconds old. */
  given: (responder: string, said: Said, lagSeconds: number) => void
  /** Nothing was known well enough to be said. */
  late: () => void
  /** Records what has been gathered. What cannot be recorded is kept for the next time. */
  record: (service: Service, issuer: string) => Promise<void>
}>

type Gathered = {
  readonly from: string
  readonly edge: RightEdge
  good: number
  revoked: number
  unknown: number
  tryLater: number
  worstLagSeconds: number
}

/** Whose answers: nobody's, where none could be given. */
const nobody = ''

/** @param now an instant, by which what is gathered is named */
export const openOcspActivity = (now: () => string): OcspActivity => {
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

  const recordOne = async (
    service: Service,
    issuer: string,
    [responder, { from, edge, ...counts }]: readonly [string, Gathered],
  ): Promise<void> => {
    const samplesRoot = edge.root().toString('hex')
    const part = `${from.slice(11, 19).replaceAll(':', '')}-${samplesRoot.slice(0, 16)}`
    const day = from.slice(0, 10)
    await perform(service, recordOcspActivity, {
      key: `${issuer}|${responder}|${from}|${samplesRoot}`,
      data: {
        ...{ issuer, day, part, ...counts, unissuedAsked: counts.unknown },
        ...{ responders: responder === nobody ? [] : [responder], samples: edge.size(), samplesRoot },
      },
    })
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
    record: async (service, issuer) => {
      waiting.push(...gathering)
      gathering = new Map()
      while (waiting[0] !== undefined) {
        await recordOne(service, issuer, waiting[0])
        waiting = waiting.slice(1)
      }
    },
  }
}
