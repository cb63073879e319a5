// Keeps the read models up with the ledger: follows it, batches what is ready, moves rows and checkpoints together, tries
// again after every fault, and rebuilds what has changed. No event is ever passed over.
import type { Kysely } from 'kysely'
import type { Instant } from '../domain/kernel.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { LedgerFault, type Position } from '../ledger/store.ts'
import type { Database } from '../readmodels/schema.ts'
import { createApply } from './apply.ts'
import { beginning, readCheckpoints, resetProjection } from './checkpoint.ts'
import type { Fence } from './epoch.ts'
import { createLane, readUpTo, type Member, type State } from './lane.ts'
import type { Projection } from './projection.ts'
import { startSession, type Session } from './session.ts'
import { createWaiters } from './waiters.ts'

export type RunnerOptions = Readonly<{
  ledger: Ledger
  db: Kysely<Database>
  projections: readonly Projection[]
  now: () => Instant
  /** Where other processes may project too: asked in each transaction. */
  fence?: Fence
  /** Entries in one transaction while following. Default 500. */
  batch?: number
  /** Entries in one transaction while catching up. Default 5000. */
  bulk?: number
  /** How often the ledger's head is asked for. Default 1 second. */
  watchMs?: number
  /** Pause after a fault; it doubles up to `maxMs`. Default 100 ms to 10 s. */
  retry?: Readonly<{ firstMs: number; maxMs: number }>
}>

export type ProjectionStatus = Readonly<{
  name: string
  version: number
  position: Position | undefined
  /** Ledger entries applied. */
  size: number
  lastAt: string | undefined
  state: State
  /** What the last attempt failed with. */
  error: string | undefined
}>

export type Runner = Readonly<{
  /** Follows the ledger until `stop`. Returns at once: faults are retried and shown by `status`. */
  start: () => void
  /** Ends after the batch under way. */
  stop: () => Promise<void>
  /**
   * Read your writes: true once the named projections (default: all) have applied `position`; false after `timeoutMs`, or as soon as the
   * ledger is found to have lost what they were filled from.
   */
  waitFor: (position: Position, timeoutMs: number, names?: readonly string[] | 'all') => Promise<boolean>
  status: () => readonly ProjectionStatus[]
  /**
   * Seconds by which a projection (default: the status table, which CRL and OCSP are read from) is behind the ledger: the
   * age of its oldest entry not applied, or an upper bound of it. 0 when caught up; Infinity when nothing follows.
   */
  lagSeconds: (now: Instant, name?: string) => number
  /**
   * Throws the named projections' tables away and rebuilds them in one pass over the ledger; the others go on. Resolves
   * when they have caught up. @throws what stopped the pass; a started runner then goes on trying by itself
   */
  rebuild: (
    names: readonly string[] | 'all',
    onProgress?: (done: number, total: number) => void,
  ) => Promise<void>
}>

/** Why the read models are not where the ledger is, for whoever has waited for them. */
export const notCaughtUp = (runner: Pick<Runner, 'status'>): LedgerFault => {
  const error = runner.status().find((one) => one.error !== undefined)?.error
  return new LedgerFault(
    error === undefined
      ? 'the read models have not caught up with the ledger'
      : `the read models stopped: ${error}; if this is the ledger that is wanted: grand-livre projections rebuild`,
  )
}

/** Makes a runner. Nothing happens before `start` or `rebuild`. */
export const createRunner = (options: RunnerOptions): Runner => {
  const { ledger, db, now, fence, batch = 500, bulk = 5000, watchMs = 1000 } = options
  const retry = options.retry ?? { firstMs: 100, maxMs: 10_000 }
  const apply = createApply(ledger, db, fence)
  const waiters = createWaiters()
  const members: readonly Member[] = options.projections.map((projection) => ({
    projection,
    at: beginning,
    state: 'stopped',
    error: undefined,
    lane: undefined,
  }))
  let session: Session | undefined
  let isRebuilding = false

  const named = (names: readonly string[] | 'all'): readonly Member[] =>
    names === 'all' ? members : names.map(memberOf)
  const memberOf = (name: string): Member => {
    const member = members.find(({ projection }) => projection.name === name)
    if (member === undefined) throw new Error(`no projection is named ${name}`)
    return member
  }

  /** Without a session nothing follows: one pass to the ledger's present end. */
  const rebuildAlone = async (
    chosen: readonly Member[],
    onProgress: (done: number, total: number) => void,
  ): Promise<void> => {
    let total = 0
    const before = await readCheckpoints(db)
    for (const { projection } of chosen) {
      total = Math.max(total, before.get(projection.name)?.size ?? 0)
      await resetProjection(db, projection, fence)
    }
    for (const member of chosen) member.at = beginning
    const lane = createLane(chosen, beginning)
    const eject = (_: Member, fault: Error): never => {
      throw fault
    }
    const onBatch = (): void => onProgress(lane.at.size, Math.max(total, lane.at.size))
    await readUpTo({ ledger, apply, bulk, isStopping: () => false, eject, onBatch }, lane, 'end')
  }

  return {
    start: () => {
      if (session !== undefined || isRebuilding) throw new Error('the projections are already running')
      waiters.begin()
      session = startSession({
        ...{ ledger, db, apply, members, waiters, now, batch, bulk, watchMs, retry },
        ...(fence === undefined ? {} : { fence }),
      })
    },
    stop: async () => {
      const stopped = session
      session = undefined
      await stopped?.stop()
    },
    waitFor: (position, timeoutMs, names = 'all') => waiters.wait(named(names), position, timeoutMs),
    status: () =>
      members.map(({ projection: { name, version }, at, state, error }) => ({
        ...{ name, version, state, error },
        ...{ position: at.position, size: at.size, lastAt: at.lastAt },
      })),
    lagSeconds: (at, name = 'certificateStatus') => session?.lag(at, memberOf(name)) ?? Infinity,
    rebuild: async (names, onProgress = () => undefined) => {
      const chosen = named(names)
      if (session !== undefined) return session.rebuild(chosen, onProgress)
      if (isRebuilding) throw new Error('the projections are already being rebuilt')
      isRebuilding = true
      try {
        await rebuildAlone(chosen, onProgress)
      } finally {
        isRebuilding = false
        for (const member of chosen) member.lane = undefined
      }
    },
  }
}
