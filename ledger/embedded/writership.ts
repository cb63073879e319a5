// One process writes. Which one stands in the ledger itself, as the name of the socket at which it answers (host/presence.ts):
// it is put there under LMDB's own writer lock, and only in the place of one that answers no more.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { LedgerFault } from '../store.ts'
import { isShown, show } from '../../host/presence.ts'
import { hasRoom } from './room.ts'
import { atOnce, committed, type Tables } from './tables.ts'

const writerKey = Buffer.from('writer')

export type Writership = Readonly<{
  /** To be asked within each write transaction. @throws LedgerFault where another process has taken over */
  require: () => void
  release: () => Promise<void>
}>

const showIn = async (directory: string, own: string): Promise<() => Promise<void>> => {
  try {
    return await show(directory, own)
  } catch (cause) {
    throw new LedgerFault(`${directory} takes no socket: the ledger has to lie on a disk of this machine`, {
      cause,
    })
  }
}

/** Puts `own` in the place of the writer that there was, once he is gone. @throws LedgerFault while he answers */
const succeed = async (tables: Tables, directory: string, own: string): Promise<void> => {
  const { about } = tables
  const writer = (): string | undefined => about.getBinary(writerKey)?.toString()
  for (;;) {
    const former = writer()
    if (former !== undefined && (await isShown(directory, former)))
      throw new LedgerFault(
        `the ledger is open for writing in a process that answers at ${join(directory, former)}; ` +
          'stop it, or open read-only',
      )
    const succeeded = atOnce(tables, () => {
      if (writer() !== former) return false
      void about.put(writerKey, Buffer.from(own))
      return true
    })
    if (!succeeded) continue
    if (former !== undefined) await rm(join(directory, former), { force: true })
    return
  }
}

/**
 * Makes this process the one writer of the ledger in `directory`. What a dead process left behind is taken over.
 * @throws LedgerFault when a live process, this one included, has the ledger open for writing
 */
export const claimWritership = async (tables: Tables, directory: string): Promise<Writership> => {
  const { environment, about } = tables
  const own = `writer.${randomUUID()}`
  const withdraw = await showIn(directory, own)
  try {
    await succeed(tables, directory, own)
  } catch (error) {
    await withdraw()
    throw error
  }
  const isOurs = (): boolean => about.getBinary(writerKey)?.toString() === own
  return {
    require: () => {
      if (!isOurs()) throw new LedgerFault('another process has become the writer of the ledger')
    },
    release: async () => {
      // Where a full disk does not take it: whoever comes next finds that nobody answers under that name.
      if (hasRoom(directory)) {
        const given = environment.transaction(() => {
          if (isOurs()) void about.remove(writerKey)
        })
        await committed(given).catch(() => undefined)
      }
      await withdraw()
    },
  }
}
