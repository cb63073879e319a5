// One process has a vault open for writing. The lock file names it; what a process that died left behind is taken over.
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { privateMode, readIfPresent } from './durable.ts'
import { KeyFault } from './keyFault.ts'

/** Boot, and start within it: what tells a process from a later one with the same number, where the system says (Linux). */
const birthOf = (pid: number): string => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The command's name, in parentheses, may itself hold spaces: the start is the 20th field behind it.
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? ''
    return `${boot}:${start}`
  } catch {
    return ''
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const isAlive = (mark: string): boolean => {
  const [number = '', birth = ''] = mark.split('/')
  const pid = Number(number)
  return Number.isSafeInteger(pid) && pid > 0 && isRunning(pid) && (birth === '' || birth === birthOf(pid))
}

export type Lock = Readonly<{
  /** To be asked before each write. @throws KeyFault where another process has taken over */
  require: () => Promise<void>
  release: () => Promise<void>
}>

const linked = async (own: string, path: string): Promise<boolean> => {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes the lock file at `path`.
 * @throws KeyFault when a live process has it, this one included
 */
export const takeLock = async (path: string): Promise<Lock> => {
  const token = randomUUID()
  const mark = `${process.pid}/${birthOf(process.pid)}/${token}`
  const own = `${path}.${token}`
  await writeFile(own, mark, { mode: privateMode })
  try {
    while (!(await linked(own, path))) {
      const holder = (await readIfPresent(path))?.toString('utf8')
      if (holder === undefined) continue
      if (isAlive(holder))
        throw new KeyFault(
          `the vault is open for writing in process ${holder.split('/')[0] ?? ''}; stop it first`,
        )
      const aside = `${own}.stale`
      await rename(path, aside).catch(() => undefined)
      // Somebody quicker may have put his own in between: he gets it back, and the next turn says so.
      const moved = (await readIfPresent(aside))?.toString('utf8')
      if (moved !== undefined && moved !== holder) await linked(aside, path)
      await rm(aside, { force: true })
    }
  } finally {
    await rm(own, { force: true })
  }
  const isOurs = async (): Promise<boolean> => (await readFile(path, 'utf8').catch(() => '')) === mark
  return {
    require: async () => {
      if (!(await isOurs())) throw new KeyFault('another process has taken the vault over')
    },
    release: async () => {
      if (await isOurs()) await rm(path, { force: true })
    },
  }
}
