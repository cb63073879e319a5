// How far the rows are that another process writes. Its checkpoints are asked for a few times a second, and at once by whoever waits; the
// ledger's head is asked for as the runner does. What is not known counts as behind: no row of a checkpoint, one of another
// version, rows that are being built anew, a database or a ledger that does not answer.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Instant } from '../domain/kernel.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions, type Position } from '../ledger/store.ts'
import type { Database } from '../readmodels/schema.ts'
import { certificateStatus } from './certificateStatus.ts'
import { checkpointsOf, type Checkpoint } from './checkpoint.ts'
import { createWatch } from './lag.ts'
import type { Projection } from './projection.ts'
import { waitsOf, type Standing } from './standing.ts'

export type FollowOptions = Readonly<{
  ledger: Pick<Ledger, 'head'>
  db: Kysely<Database>
  /** Those that this release has. */
  projections: readonly Pick<Projection, 'name' | 'version'>[]
  now: () => Instant
  /** How often the ledger's head and the checkpoints are asked for while nobody waits. Default 250 ms. */
  watchMs?: number
  /** How often the checkpoints are asked for while somebody waits. Default 10 ms. */
  waitMs?: number
}>

export type Followed = Standing &
  Readonly<{
    /** Whether every projection of this release has a checkpoint of its version: a projector of it has run. */
    isKnown: () => boolean
    stop: () => Promise<void>
  }>

/** Heads that were reached longer ago than this, in seconds, are no longer taken for granted. */
const graceSeconds = 3

type Seen = Readonly<{ size: number; position: Position | undefined; status: Checkpoint | undefined }>

/** Where all of them stand: the one that is furthest behind. */
const behindAll = (rows: readonly (Checkpoint | undefined)[]): Omit<Seen, 'status'> | undefined => {
  let least: Checkpoint | undefined
  for (const row of rows) {
    if (row === undefined) return undefined
    if (least === undefined || row.size < least.size) least = row
  }
  return least && { size: least.size, position: least.position }
}

/** Follows the checkpoints until `stop`. */
export const followCheckpoints = (options: FollowOptions): Followed => {
  const { ledger, db, projections, now, watchMs = 250, waitMs = 10 } = options
  const stopping = new AbortController()
  let watch = createWatch()
  let seen: Seen | undefined
  let looking: Promise<void> | undefined

  const read = async (): Promise<void> => {
    const rows = await checkpointsOf(db, projections)
    const status = rows.get(certificateStatus.name)
    const all = behindAll(projections.map(({ name }) => rows.get(name)))
    // Rows that went back are being built anew: what was confirmed of the ones before says nothing.
    if (status === undefined || status.size < (seen?.status?.size ?? 0)) watch = createWatch()
    seen = all === undefined ? undefined : { ...all, status }
    if (status !== undefined) watch.reached(status.position)
  }

  /** One question at a time; who comes while one is under way must not be answered by what was asked before he came. */
  const look = async (): Promise<void> => {
    await looking?.catch(() => undefined)
    looking ??= read().finally(() => (looking = undefined))
    await looking
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const askedAt = now()
      await ledger
        .head()
        .then(
          async (head) => {
            watch.saw(head, askedAt)
            await look()
            // A watch that was begun anew has not seen it.
            watch.saw(head, askedAt)
          },
          () => undefined,
        )
        .catch(() => undefined)
      await sleep(watchMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const hasReached = (position: Position): boolean =>
    seen?.position !== undefined && comparePositions(seen.position, position) >= 0

  const waitFor: Standing['waitFor'] = async (position, timeoutMs) => {
    const until = performance.now() + timeoutMs
    for (;;) {
      await look()
      if (hasReached(position)) return true
      if (performance.now() + waitMs > until || stopping.signal.aborted) return false
      await sleep(waitMs)
    }
  }

  const running = run()
  return {
    ...waitsOf(ledger, waitFor),
    size: async () => {
      await look()
      return seen?.size ?? 0
    },
    position: () => seen?.status?.position,
    lagSeconds: () =>
      seen === undefined || stopping.signal.aborted ? Infinity : watch.lag(now(), undefined, graceSeconds),
    lookAgain: look,
    isKnown: () => seen !== undefined,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
