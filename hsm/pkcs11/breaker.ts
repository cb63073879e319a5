// A module that fails is left alone for a while, each time for longer: nobody hammers what is down, and a wrong PIN is tried once.
import { isFinal, ModuleFault } from './fault.ts'

const firstMs = 1_000
const longestMs = 60_000

export type Breaker = Readonly<{
  /** @throws ModuleFault `waiting` while the module is left alone, or for ever the fault that is final */
  check: () => void
  /** The module works. */
  closed: () => void
  /** It failed: it is left alone from now on, for twice as long as the last time. */
  failed: (fault: ModuleFault) => void
}>

/** @param now milliseconds of a clock that only goes forward */
export const openBreaker = (now: () => number = () => performance.now()): Breaker => {
  let [delay, until] = [0, 0]
  let last: ModuleFault | undefined
  return {
    check: () => {
      if (last !== undefined && isFinal(last)) throw last
      if (last !== undefined && now() < until)
        throw new ModuleFault('waiting', `the module is left alone for a moment: ${last.message}`)
    },
    closed: () => {
      delay = 0
      last = undefined
    },
    failed: (fault) => {
      delay = Math.min(longestMs, delay === 0 ? firstMs : delay * 2)
      until = now() + delay
      last = fault
    },
  }
}
