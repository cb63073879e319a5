// Ledgers of certificates' lives, told as facts and interleaved: what the read models are made of, without the keys, the
// cards and the signatures that the product needs to get there.
import { createHash } from 'node:crypto'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { crl, type CrlEvent } from '../../domain/crl.ts'
import { key } from '../../domain/key.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { createHandle } from '../../commands/handle.ts'
import type { DataKeys, Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import type { RecordedEvent } from '../../ledger/store.ts'
import type { Projection } from '../../projections/projection.ts'
import { readModels } from '../../projections/readModels.ts'
import * as f from '../commands/facts.ts'
import { log, memoryKeys, seededBytes, serialOf, spkiOf, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { on } from '../support/given.ts'

export type Fact = ReturnType<typeof on>

const but = <E extends Readonly<{ type: string; data: object }>>(event: E, data: object): E => ({
  ...event,
  data: { ...event.data, ...data },
})

export const endings = [
  ...(['open', 'cardFailed', 'neverPlanned', 'lint', 'maybeSigned', 'refused', 'inUse'] as const),
  ...(['revoked', 'recovered', 'notRecovered'] as const),
]
export type Ending = (typeof endings)[number]

/** The facts of one certificate's life, in order. */
export const life = (n: number, ending: Ending): readonly Fact[] => {
  const [R, C, P, Q] = [uuid(10_000 + n), uuid(20_000 + n), uuid(30_000 + n), uuid(40_000 + n)]
  const [S, K] = [serialOf(n), spkiOf(n)]
  const names = { surname: `Brûlé-${n % 3}`, email: `agent.${n}@douane.example`, matricule: `${1e9 + n}` }
  const asked = but(f.requested(names), { person: P })
  const session = but(f.sessionOpened, { card: C, serial: S })
  const start = [
    on(request, R, asked),
    on(request, R, f.accepted, f.dossier, f.identified, f.validated),
    on(request, R, session),
    on(card, C, but(f.allotted, { request: R, person: P, serials: [S] })),
  ]
  const failed = on(card, C, { type: 'CardWriteFailed', data: { serials: [S], stage: 'write', fault: 'x' } })
  const closed = on(request, R, f.sessionClosed)
  const keyed = [
    on(key, K, but(f.bound, { serial: S, request: R })),
    on(key, K, but(f.escrowed, { serial: S, request: R, person: P })),
  ]
  const planned = on(certificate, S, but(f.planned, { spkiSha256: K, request: R, person: P }))
  const abandoned = (data: object): Fact => on(certificate, S, but(f.abandoned, data))
  const signed = [...start, ...keyed, planned, on(certificate, S, f.issued)]
  const written = [...signed, on(card, C, but(f.written, { serials: [S] }))]
  const revoked = on(certificate, S, f.revoked)
  const handedOver = on(request, R, but(f.handedOver, { card: C, serials: [S] }))
  const inUse = [...written, on(certificate, S, f.acceptedByHolder), on(card, C, f.pinDefined), handedOver]
  const recovering = [
    ...inUse,
    on(recovery, Q, but(f.asked(), { serial: S, key: K })),
    on(recovery, Q, f.approvedBy(5, '2026-03-09T09:00:00Z'), f.approvedBy(6, '2026-03-09T09:00:00Z')),
    on(key, K, but(f.recoveryStarted, { recovery: Q })),
  ]
  const missed = { regime: 'approved', recovery: Q, stage: 'open', fault: 'x' } as const
  const lives: Record<Ending, readonly Fact[]> = {
    open: written,
    cardFailed: [...signed, failed, revoked, closed],
    neverPlanned: [...start, abandoned({}), closed],
    lint: [...start, ...keyed, planned, abandoned({ cause: 'lint', findings: ['x'] }), closed],
    maybeSigned: [
      ...start,
      ...keyed,
      planned,
      abandoned({ maybeSigned: true }),
      closed,
      on(request, R, session),
    ],
    refused: [...written, on(certificate, S, f.refusedByHolder), revoked, closed],
    inUse,
    revoked: [...inUse, revoked],
    recovered: [
      ...recovering,
      on(key, K, but(f.recoveredKey, { recovery: Q })),
      on(recovery, Q, f.delivered),
    ],
    notRecovered: [...recovering, on(key, K, { type: 'KeyRecoveryFailed', data: missed })],
  }
  return lives[ending]
}

const plan: CrlEvent = {
  type: 'CrlPlanned',
  data: {
    ...{ thisUpdate: '2026-03-02T09:00:00Z', nextUpdate: '2026-03-04T09:00:00Z', upTo: 0, entries: 0 },
    ...{ last: false, profileVersion: 1 },
  },
}
const signature: CrlEvent = {
  type: 'CrlIssued',
  data: {
    ...{ tbsSha256: f.digest, signatureAlgorithm: 'sha256WithRSA', signature: 'c2ln', sha256: f.digest },
    ...{ bytes: 1, statusTableSha256: f.digest },
  },
}

/** A CRL number: planned, turned down, planned anew, issued. */
export const crlSeries = (number: number): readonly Fact[] => {
  const id = `${f.issuer}-${number}`
  const turnedDown: CrlEvent = { type: 'CrlPlanRejected', data: { cause: 'lint', findings: ['x'] } }
  return [on(crl, id, plan), on(crl, id, turnedDown), on(crl, id, plan), on(crl, id, signature)]
}

/** One list of several, each in its own order; `picks` says whose turn it is. */
export const interleaved = (
  lists: readonly (readonly Fact[])[],
  picks: readonly number[],
): readonly Fact[] => {
  const rest = lists.map((list) => [...list])
  const all: Fact[] = []
  for (let i = 0; ; i += 1) {
    const left = rest.filter((list) => list.length > 0)
    if (left.length === 0) return all
    all.push(left[(picks[i % picks.length] ?? 0) % left.length]!.shift()!)
  }
}

/** Every ending once, with two CRLs, all at the same time. */
export const everyLife = (): readonly Fact[] => {
  const lives = endings.map((ending, n) => life(n, ending))
  return interleaved([...lives, crlSeries(1), crlSeries(2)], [5, 3, 11, 0, 7, 2, 9, 1])
}

export type Told = Readonly<{
  ledger: Ledger
  /** Appends a fact, a millisecond after the one before. */
  tell: (...facts: readonly Fact[]) => Promise<void>
  /** The clock, in whole seconds. */
  now: () => string
}>

/** A ledger over a list, which is `records`. */
export const tell = async (
  facts: readonly Fact[],
  keys: DataKeys = memoryKeys(),
  records: RecordedEvent[] = [],
): Promise<Told> => {
  let count = 0
  const clock = (): Date => new Date(Date.UTC(2026, 2, 2, 9) + count)
  const parts = { store: openListStore(records), keys, log, now: clock, randomBytes: seededBytes() }
  const ledger = createLedger(parts)
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  const told = async (...more: readonly Fact[]): Promise<void> => {
    for (const fact of more) {
      count += 1
      await fact(handle, uuid(50_000 + count))
    }
  }
  await told(...facts)
  return { ledger, tell: told, now: () => `${clock().toISOString().slice(0, 19)}Z` }
}

/** The product's own projections, under an index key that everybody may know. */
export const projections: readonly Projection[] = readModels((kind, word) =>
  createHash('sha256').update(`${kind}|${word}`).digest('hex'),
)
