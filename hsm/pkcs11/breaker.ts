// A module that fails is left alone for a while, each time for longer: nobody hammers what is down, and a wrong PIN is tried once.
import { isFinal, mayHeal, ModuleFault } from './fault.ts'

const firstMs = 1_000
const longestMs = 60_000
/** Acts of a name that have failed in a row, each after a re-opening too: chance does not do that. */
const few = 3

export type Breaker = Readonly<{
  /** @throws ModuleFault `waiting` while the module is left alone, or for ever the fault that is final */
  check: () => void
  /** The module works. */
  closed: () => void
  /** It failed: it is left alone from now on, for twice as long as the last time. */
  failed: (fault: ModuleFault) => void
}>

const longer = (delay: number): number => Math.min(longestMs, delay === 0 ? firstMs : delay * 2)

const leftAlone = ({ message }: ModuleFault): ModuleFault =>
  new ModuleFault('waiting', `the module is left alone for a moment: ${message}`)

/** @param now milliseconds of a clock that only goes forward */
export const openBreaker = (now: () => number = () => performance.now()): Breaker => {
  let [delay, until] = [0, 0]
  let last: ModuleFault | undefined
  return {
    check: () => {
      if (last !== undefined && isFinal(last)) throw last
      if (last !== undefined && now() < until) throw leftAlone(last)
    },
    closed: () => {
      delay = 0
      last = undefined
    },
    failed: (fault) => {
      delay = longer(delay)
      until = now() + delay
      last = fault
    },
  }
}

/** Told of a fault that came again once the token was opened anew, or in another process, and of the opening it came after. */
type FailedAgain = (fault: ModuleFault, opening: number) => void

/**
 * Of a token that opens and whose canary signs, and which fails at one thing all the same, or ends its process: to open it anew costs
 * everybody their sessions and does not help. Each thing is left alone for itself, so that lists are signed while no key can be made.
 */
export type ActBreaker = Readonly<{
  /**
   * Runs an act. Once it is left alone, and that is over, one tries; the others wait for what that gives.
   * @param name of what fails together: the act, and the key that it is done with
   * @throws ModuleFault `waiting` while it is left alone
   */
  guard: <T>(name: string, act: (failedAgain: FailedAgain) => Promise<T>) => Promise<T>
  /** What is left alone at this moment; not once it may be tried again: nobody would, while whoever asks this is told not to. */
  open: () => ModuleFault | undefined
}>

const isAnswer = (fault: ModuleFault): boolean =>
  !mayHeal(fault) && fault.kind !== 'waiting' && fault.kind !== 'stopped'

type Failing = Readonly<{ fault: ModuleFault; inRow: number; delay: number; until: number; opening: number }>

/**
 * Opens the breaker of one token's acts, all of them whole.
 * @param now milliseconds of a clock that only goes forward
 */
export const openActBreaker = (now: () => number = () => performance.now()): ActBreaker => {
  const failing = new Map<string, Failing>()
  const tried = new Set<string>()

  const isOpen = (name: string, { inRow, until }: Failing): boolean =>
    inRow >= few && (now() < until || tried.has(name))

  /** Those who were at work together have failed once: they saw the same opening. */
  const failedAgain = (name: string, fault: ModuleFault, opening: number): void => {
    const before = failing.get(name)
    if (before?.opening === opening) return
    const inRow = (before?.inRow ?? 0) + 1
    const delay = inRow < few ? 0 : longer(before?.delay ?? 0)
    failing.set(name, { fault, inRow, delay, until: now() + delay, opening })
  }

  return {
    guard: async (name, act) => {
      const before = failing.get(name)
      if (before !== undefined && isOpen(name, before)) throw leftAlone(before.fault)
      const isTrial = before !== undefined && before.inRow >= few
      if (isTrial) tried.add(name)
      try {
        const done = await act((fault, opening) => failedAgain(name, fault, opening))
        failing.delete(name)
        return done
      } catch (error) {
        // A device that answers no has answered.
        if (error instanceof ModuleFault && isAnswer(error)) failing.delete(name)
        throw error
      } finally {
        if (isTrial) tried.delete(name)
      }
    },
    open: () => {
      const found = [...failing].find(([name, one]) => isOpen(name, one))
      return found === undefined ? undefined : leftAlone(found[1].fault)
    },
  }
}
