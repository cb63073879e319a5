// How far the rows may be behind the ledger. The follower says what it has received; whether it still receives anything
// is checked against the ledger's head, because a subscription that died in silence looks like a quiet ledger.
import type { Instant } from '../domain/kernel.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import { comparePositions, type Position } from '../ledger/store.ts'

/** Seconds from one instant to a later one, never below 0. */
export const since = (now: Instant, then: Instant): number => Math.max(0, secondsOf(now) - secondsOf(then))

const hasReached = (at: Position | undefined, head: Position | undefined): boolean =>
  head === undefined || (at !== undefined && comparePositions(at, head) >= 0)

export type Watch = Readonly<{
  /** The ledger's head as it was at `askedAt`. */
  saw: (head: Position | undefined, askedAt: Instant) => void
  /** The rows have reached `at`. */
  reached: (at: Position | undefined) => void
  /**
   * Seconds by which the rows are behind: the age of the oldest entry waiting, if one is known; else 0 as long as the
   * head was reached at a check not older than `grace` seconds; else the time since that check.
   */
  lag: (now: Instant, waitingSince: Instant | undefined, grace: number) => number
}>

export const createWatch = (): Watch => {
  let head: { position: Position | undefined; askedAt: Instant } | undefined
  let at: Position | undefined
  let confirmedAt: Instant | undefined
  const confirm = (): void => {
    if (head !== undefined && hasReached(at, head.position)) confirmedAt = head.askedAt
  }
  return {
    saw: (position, askedAt) => {
      head = { position, askedAt }
      confirm()
    },
    reached: (position) => {
      at = position
      confirm()
    },
    lag: (now, waitingSince, grace) => {
      if (waitingSince !== undefined) return since(now, waitingSince)
      const silent = confirmedAt === undefined ? Infinity : since(now, confirmedAt)
      return silent <= grace ? 0 : silent
    },
  }
}
