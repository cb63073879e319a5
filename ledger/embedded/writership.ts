// One process writes. Who it is stands in the ledger itself, put there under LMDB's own writer lock, which a process
// that dies gives back: no lock file to lose a race for.
import { readFileSync } from 'node:fs'
import { LedgerFault } from '../store.ts'
import type { Tables } from './tables.ts'

const writerKey = Buffer.from('writer')

/** `<pid>/<when it started>`. The second part tells a process from a later one that was given the same number. */
const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Boot and start of a process where the system tells them (Linux); else undefined. */
const birthOf = (pid: number): string | undefined => {
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim()
  // The command name, in parentheses, may itself hold spaces and parentheses; the start time is the 20th field after it.
  const start = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')[19]
  return boot === undefined || start === undefined ? undefined : `${boot}:${start}`
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const ownMark = (): string => `${process.pid}/${birthOf(process.pid) ?? ''}`

const isAlive = (mark: string): boolean => {
  const [number = '', birth = ''] = mark.split('/')
  const pid = Number(number)
  return isRunning(pid) && (birth === '' || birth === birthOf(pid))
}

export type Writership = Readonly<{
  /** To be asked within each write transaction. @throws LedgerFault where another process has taken over */
  require: () => void
  release: () => Promise<void>
}>

/**
 * Makes this process the ledger's one writer. What a dead process left behind is taken over.
 * @throws LedgerFault when a live process, this one included, has the ledger open for writing
 */
export const claimWritership = (tables: Tables): Writership => {
  const { environment, about } = tables
  const own = ownMark()
  environment.transactionSync(() => {
    const holder = about.getBinary(writerKey)?.toString()
    if (holder !== undefined && isAlive(holder))
      throw new LedgerFault(
        `the ledger is open for writing in process ${holder.split('/')[0] ?? ''}; stop it, or open read-only`,
      )
    void about.put(writerKey, Buffer.from(own))
  })
  const isOurs = (): boolean => about.getBinary(writerKey)?.toString() === own
  return {
    require: () => {
      if (!isOurs()) throw new LedgerFault('another process has become the writer of the ledger')
    },
    release: async () => {
      await environment.transaction(() => {
        if (isOurs()) void about.remove(writerKey)
      })
    },
  }
}
