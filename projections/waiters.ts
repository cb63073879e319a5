// Those who wait for the rows to be at least as new as their own write.
import { comparePositions, type Position } from '../ledger/store.ts'
import type { Member } from './lane.ts'

export type Waiters = Readonly<{
  /** True as soon as every member has applied `position`; false once `timeoutMs` have passed. */
  wait: (members: readonly Member[], position: Position, timeoutMs: number) => Promise<boolean>
  /** Members have moved. */
  settle: () => void
  /** Nobody moves any more: whoever waits, or comes to wait, is told so at once. */
  giveUp: () => void
  /** They move again. */
  begin: () => void
}>

const hasApplied = (members: readonly Member[], position: Position): boolean =>
  members.every(({ at }) => at.position !== undefined && comparePositions(at.position, position) >= 0)

export const createWaiters = (): Waiters => {
  const waiting = new Set<() => void>()
  let isOver = false
  return {
    wait: (members, position, timeoutMs) => {
      if (hasApplied(members, position)) return Promise.resolve(true)
      return new Promise((resolve) => {
        const end = (reached: boolean): void => {
          clearTimeout(timer)
          waiting.delete(check)
          resolve(reached)
        }
        const check = (): void => {
          if (hasApplied(members, position)) end(true)
          else if (isOver) end(false)
        }
        const timer = setTimeout(() => end(false), timeoutMs)
        waiting.add(check)
        if (isOver) check()
      })
    },
    settle: () => {
      for (const check of [...waiting]) check()
    },
    giveUp: () => {
      isOver = true
      for (const check of [...waiting]) check()
    },
    begin: () => {
      isOver = false
    },
  }
}
