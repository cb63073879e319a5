// One process is inside a token at a time. One whose service was killed ends by itself once what is under way has ended; until then it
// may be making a key that another one would not find, and make too, or giving back what it had reserved of the count of signatures.
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { KeyFault } from '../keyFault.ts'
import { takeLock, type Lock } from '../lock.ts'
import { ModuleFault } from './fault.ts'

const patience = { turns: 600, ms: 100 }

/**
 * Waits for who is inside a token, and shows that this process is.
 * @param place how the names begin that it is shown under; undefined where nobody looks
 * @throws ModuleFault where another one stays inside
 */
export const goInside = async (place: string | undefined): Promise<Pick<Lock, 'release'>> => {
  if (place === undefined) return { release: async () => undefined }
  const locked = {
    prefix: `${basename(place)}.`,
    held: (other: string) => `another process is inside the token, and answers at ${other}; stop it first`,
  }
  for (let turn = 1; ; turn += 1)
    try {
      return await takeLock(dirname(place), locked)
    } catch (error) {
      if (!(error instanceof KeyFault)) throw error
      if (turn === patience.turns) throw new ModuleFault('device', error.message)
      await pause(patience.ms)
    }
}
