// A temporary directory of one run. Its name and `owner` file let a later run clear away what a killed one left behind.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'grand-livre-test-'

/** Whether a process of that number exists. */
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A number is used again by the system: only a process that works in the directory is one of ours. */
const belongsTo = (pid: number, directory: string): boolean => {
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`).startsWith(directory)
  } catch {
    return false
  }
}

const numberIn = (file: string): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)

/** A server that is about to end may still put a file into a directory that was just emptied: then once more. */
const remove = (directory: string): void => {
  for (let tries = 0; tries < 20 && existsSync(directory); tries++)
    try {
      rmSync(directory, { recursive: true, force: true })
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
}

/** Ends what runs from the directory, and removes it. SIGQUIT ends Redis, and PostgreSQL without leaving shared memory. */
const clear = (directory: string): void => {
  if (!existsSync(directory)) return
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.pid'))) {
    const pid = numberIn(join(directory, file))
    if (pid > 0 && belongsTo(pid, directory)) process.kill(pid, 'SIGQUIT')
  }
  remove(directory)
}

/** Ends the services and removes the directories of runs that were killed before they could do so themselves. */
export const clearLeftovers = (): readonly string[] => {
  const mine = process.getuid?.()
  const directories = readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(tmpdir(), name))
    .filter((directory) => statSync(directory, { throwIfNoEntry: false })?.uid === mine)
    .filter((directory) => {
      const owner = numberIn(join(directory, 'owner'))
      return owner > 0 && !isAlive(owner)
    })
  directories.forEach(clear)
  return directories
}

export type Workspace = Readonly<{ path: string; remove: () => void }>

/** A directory that is gone when this process ends. `remove` is for once the services in it have ended. */
export const openWorkspace = (): Workspace => {
  const path = mkdtempSync(join(tmpdir(), prefix))
  writeFileSync(join(path, 'owner'), String(process.pid))
  process.once('exit', () => clear(path))
  return { path, remove: () => remove(path) }
}
