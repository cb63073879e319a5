// What runs between start and stop: the lane that follows the ledger, those that catch up, and the watch over the head.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type { Instant } from '../domain/kernel.ts'
import type { Follower, Ledger } from '../ledger/ledger.ts'
import { comparePositions, LogTruncated } from '../ledger/store.ts'
import type { Database } from '../readmodels/schema.ts'
import type { Apply } from './apply.ts'
import { beginning, placeAll, resetProjection } from './checkpoint.ts'
import type { Fence } from './epoch.ts'
import { createIntake, type Intake } from './intake.ts'
import { createWatch, since } from './lag.ts'
import {
  applyTo,
  createLane,
  groupsOf,
  leave,
  readUpTo,
  type Lane,
  type Member,
  type Reading,
} from './lane.ts'
import type { Waiters } from './waiters.ts'

export type Setting = Readonly<{
  ledger: Ledger
  db: Kysely<Database>
  apply: Apply
  members: readonly Member[]
  waiters: Waiters
  now: () => Instant
  fence?: Fence
  batch: number
  bulk: number
  watchMs: number
  retry: Readonly<{ firstMs: number; maxMs: number }>
}>

export type Session = Readonly<{
  stop: () => Promise<void>
  /** See `Runner.lagSeconds`. */
  lag: (now: Instant, member: Member) => number
  rebuild: (chosen: readonly Member[], onProgress: (done: number, total: number) => void) => Promise<void>
}>

// A head that was reached longer ago than this many checks is no longer taken for granted.
const graceChecks = 3

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Starts to follow; faults are kept in the members' `error` and tried again. */
export const startSession = (setting: Setting): Session => {
  const { ledger, db, apply, members, waiters, now, fence, batch, bulk, watchMs, retry } = setting
  const stopping = new AbortController()
  const main = createLane([], beginning)
  const watch = createWatch()
  const works = new Set<Promise<void>>()
  const progress = new Map<Lane, () => void>()
  let intake: Intake | undefined
  let follower: Follower | undefined
  let isTruncated = false
  let isCaughtUp = false
  let grouped: () => void = () => undefined
  const firstGrouped = new Promise<void>((resolve) => (grouped = resolve))

  /** Those that follow, or are about to. */
  const followers = (): readonly Member[] => members.filter(({ lane }) => lane === main || lane === undefined)
  const isStopping = (): boolean => stopping.signal.aborted
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined)
  const backOff = (failures: number): Promise<void> =>
    pause(Math.min(retry.maxMs, retry.firstMs * 2 ** Math.min(failures - 1, 20)))
  const mark = (which: Iterable<Member>, state: Member['state'], error?: unknown): void => {
    for (const member of which) {
      member.state = state
      member.error = error === undefined ? undefined : messageOf(error)
    }
  }
  const inBackground = (work: Promise<void>): void => {
    works.add(work)
    void work.finally(() => works.delete(work))
  }

  const eject: Reading['eject'] = (member, fault) => straggle(createLane([member], member.at), fault)
  const reading: Reading = {
    ...{ ledger, apply, bulk, isStopping, eject },
    onBatch: (lane) => {
      progress.get(lane)?.()
      waiters.settle()
    },
  }

  /** Moves members into the main lane, at its checkpoint. Who waits is told here too: there may have been no batch. */
  const join = (lane: Lane): Promise<void> =>
    main.exclusive(async () => {
      if (main.at.position !== undefined) await readUpTo(reading, lane, main.at.position)
      if (isStopping() || lane.members.size === 0) return
      if (lane.at.size !== main.at.size)
        throw new Error(`of ${main.at.size} entries the ledger now holds ${lane.at.size}`)
      mark(lane.members, isCaughtUp ? 'live' : 'catchingUp')
      for (const member of lane.members) {
        main.members.add(member)
        member.lane = main
      }
      lane.members.clear()
      waiters.settle()
    })

  const catchUp = async (lane: Lane): Promise<void> => {
    // The main lane goes on meanwhile: it is only held once what is left is a batch.
    while (main.at.position !== undefined && main.at.size - lane.at.size > bulk) {
      await readUpTo(reading, lane, main.at.position)
      if (isStopping() || lane.members.size === 0) return
    }
    await join(lane)
  }

  const reload = async (lane: Lane): Promise<void> => {
    const held = [...lane.members]
    await placeAll({ db, ledger, fence }, held)
    const [first, ...others] = groupsOf(held)
    if (first === undefined) return
    for (const member of others.flat()) lane.members.delete(member)
    lane.at = first[0].at
    for (const group of others) straggle(createLane(group, group[0].at))
  }

  const straggle = (lane: Lane, fault?: unknown): void => {
    const work = async (): Promise<void> => {
      let failures = 0
      const failed = (error: unknown): void => {
        failures += 1
        mark(lane.members, 'failed', error)
      }
      if (fault !== undefined) failed(fault)
      while (!isStopping() && lane.members.size > 0)
        try {
          if (failures > 0) {
            await backOff(failures)
            await lane.exclusive(() => reload(lane))
          } else mark(lane.members, 'catchingUp')
          await catchUp(lane)
        } catch (error) {
          failed(error)
        }
    }
    inBackground(work())
  }

  /** Puts the furthest members into the main lane, and each group of others into one that catches up. */
  const regroup = (): Promise<void> =>
    main.exclusive(async () => {
      const held = followers()
      await placeAll({ db, ledger, fence }, held)
      const [furthest, ...others] = groupsOf(held)
      if (furthest !== undefined) {
        main.members.clear()
        for (const member of furthest) {
          main.members.add(member)
          member.lane = main
        }
        main.at = furthest[0].at
        mark(furthest, 'catchingUp')
      }
      for (const group of others) straggle(createLane(group, group[0].at))
      const head = await ledger.head()
      if (
        main.at.position !== undefined &&
        (head === undefined || comparePositions(main.at.position, head) > 0)
      )
        throw new LogTruncated(main.at.position)
      grouped()
    })

  const follow = async (onBatch: () => void): Promise<void> => {
    follower = ledger.follow(main.at.position)
    intake = createIntake(follower, batch)
    try {
      for (;;) {
        const { entries, caughtUp, ended } = await intake.take()
        if (isStopping()) return
        await main.exclusive(() => applyTo(apply, main, entries, eject))
        if (caughtUp) isCaughtUp = true
        if (isCaughtUp) mark(main.members, 'live')
        watch.reached(main.at.position)
        waiters.settle()
        onBatch()
        if (ended) throw new Error('the ledger has stopped delivering')
      }
    } finally {
      intake.close()
      intake = undefined
      isCaughtUp = false
      await follower.stop()
    }
  }

  const run = async (): Promise<void> => {
    let failures = 0
    while (!isStopping())
      try {
        await regroup()
        await follow(() => (failures = 0))
      } catch (error) {
        mark(followers(), 'failed', error)
        isTruncated = error instanceof LogTruncated
        if (isTruncated) break
        failures += 1
        await backOff(failures)
      }
    if (isTruncated) waiters.giveUp()
  }

  const watchHead = async (): Promise<void> => {
    while (!isStopping()) {
      const askedAt = now()
      // A ledger that does not answer is what the lag measures.
      await ledger.head().then(
        (head) => watch.saw(head, askedAt),
        () => undefined,
      )
      await pause(watchMs)
    }
  }

  inBackground(run())
  void watchHead()

  return {
    stop: async () => {
      stopping.abort()
      grouped()
      await follower?.stop()
      while (works.size > 0) await Promise.all(works)
      mark(members, 'stopped')
      for (const member of members) member.lane = undefined
    },
    lag: (at, member) => {
      if (isTruncated || isStopping()) return Infinity
      if (member.lane === main) return watch.lag(at, intake?.oldestAt(), (graceChecks * watchMs) / 1000)
      return member.at.lastAt === undefined ? Infinity : since(at, member.at.lastAt)
    },
    rebuild: async (chosen, onProgress) => {
      await firstGrouped
      const total = Math.max(main.at.size, ...chosen.map(({ at }) => at.size))
      const lane = createLane([], beginning)
      for (const member of chosen) {
        await leave(member)
        lane.members.add(member)
        member.lane = lane
      }
      mark(chosen, 'rebuilding')
      progress.set(lane, () => onProgress(lane.at.size, total))
      try {
        for (const { projection } of chosen) await resetProjection(db, projection, fence)
        for (const member of chosen) member.at = beginning
        await catchUp(lane)
      } catch (error) {
        straggle(lane, error)
        throw error
      } finally {
        progress.delete(lane)
      }
    },
  }
}
