// One process has a vault open for writing, or is inside a token: the one whose socket (host/presence.ts) is alone among those that
// answer. Each shows its own first and looks for others after, so that of two at once one sees the other at least.
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { v7 } from 'uuid'
import { KeyFault } from './keyFault.ts'
import { isShown, show } from '../host/presence.ts'

/** What there is one of: how its sockets' names begin, and what is said where somebody else has it. */
export type Locked = Readonly<{ prefix: string; held: (place: string) => string }>

const vault: Locked = {
  prefix: 'lock.',
  held: (place) => `the vault is open for writing in a process that answers at ${place}; stop it first`,
}
/** Who came first by the name waits so long for one that came at the same time to withdraw. */
const patience = { turns: 40, ms: 50 }

export type Lock = Readonly<{
  /** To be asked before each write. @throws KeyFault where the lock was removed, so that another process may have it */
  require: () => Promise<void>
  release: () => Promise<void>
}>

const withdrawn = async (
  directory: string,
  own: string,
  { prefix, held }: Locked,
): Promise<readonly string[]> => {
  for (let turn = 1; ; turn += 1) {
    const names = (await readdir(directory)).filter((name) => name.startsWith(prefix) && name !== own)
    const answers = await Promise.all(names.map((name) => isShown(directory, name)))
    const others = names.filter((_, i) => answers[i])
    if (others.length === 0) return names
    const first = others.toSorted()[0] ?? ''
    // Names are in the order of time: who came later withdraws at once.
    if (first < own || turn === patience.turns) throw new KeyFault(held(join(directory, first)))
    await pause(patience.ms)
  }
}

/**
 * Takes the lock of a directory. What a process that died left behind is removed.
 * @throws KeyFault when a live process has it, this one included
 */
export const takeLock = async (directory: string, locked: Locked = vault): Promise<Lock> => {
  const own = `${locked.prefix}${v7()}`
  const release = await show(directory, own).catch((cause: unknown) => {
    throw new KeyFault(`${directory} takes no socket: it has to lie on a disk of this machine`, {
      cause,
    })
  })
  const isHeld = (): boolean => existsSync(join(directory, own))
  const requireHeld = async (): Promise<void> => {
    if (!isHeld()) throw new KeyFault(`the lock was removed: ${join(directory, own)}`)
  }
  try {
    for (const dead of await withdrawn(directory, own, locked))
      await rm(join(directory, dead), { force: true })
    // Somebody who looked before it answered may have taken it for a dead one.
    await requireHeld()
  } catch (error) {
    await release()
    throw error
  }
  return { require: requireHeld, release }
}
