// A part that may be out of reach: opened beside everything else, again and again until it is there.
import { setTimeout as sleep } from 'node:timers/promises'

export type Retried<T> = Readonly<{
  /** Undefined while it is not there. */
  get: () => T | undefined
  close: () => Promise<void>
}>

const retryMs = 1_000

/** @param onFault told of each attempt that failed */
export const retried = <T extends Readonly<{ close: () => Promise<unknown> }>>(
  open: () => Promise<T>,
  onFault: (error: unknown) => void,
): Retried<T> => {
  const stopping = new AbortController()
  let part: T | undefined
  const run = async (): Promise<void> => {
    while (part === undefined && !stopping.signal.aborted)
      try {
        part = await open()
      } catch (error) {
        onFault(error)
        await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
  }
  const opening = run()
  return {
    get: () => part,
    close: async () => {
      stopping.abort()
      await opening
      await part?.close()
      part = undefined
    },
  }
}
