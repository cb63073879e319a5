// One process is inside a token at a time. One whose service was killed ends by itself once what is under way has ended; until then it
// may be making a key that another one would not find, and make too, or giving back what it had reserved of the count of signatures.
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { KeyFault } from '../keyFault.ts'
import { takeLock, type Lock } from '../lock.ts'
import { ModuleFault } from './fault.ts'

/** So long, of a clock that only goes forward: half of what a client waits for an act (client.ts). */
const longestMs = 60_000
const betweenMs = 100

/**
 * Waits for who is inside a token, and shows that this process is.
 * @param place how the names begin that it is shown under; undefined where nobody looks
 * @throws ModuleFault where another one stays inside; KeyFault where nobody can show himself there
 */
export const goInside = async (
  place: string | undefined,
  patienceMs = longestMs,
): Promise<Pick<Lock, 'release'>> => {
  if (place === undefined) return { release: async () => undefined }
  const locked = {
    prefix: `${basename(place)}.`,
    held: (other: string) => `another process is inside the token, and answers at ${other}; stop it first`,
  }
  const until = performance.now() + patienceMs
  for (;;)
    try {
      return await takeLock(dirname(place), locked)
    } catch (error) {
      // With a cause it is a directory that takes no socket: to wait helps nobody.
      if (!(error instanceof KeyFault) || error.cause !== undefined) throw error
      if (performance.now() >= until) throw new ModuleFault('device', error.message)
      await pause(betweenMs)
    }
}
