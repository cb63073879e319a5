// Files that are either as they were or wholly as they are to be, whatever moment the process dies at.
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What the name of a file ends with that a crash may leave behind, half written. */
export const unfinished = '.new'

/** Readable by the owner alone. */
export const privateMode = 0o600

/** A rename or a new name is on disk once its directory is. */
export const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code

/** Makes a directory and what is missing above it. Node's own `recursive` tries for ever where the system makes none, as in /proc. */
export const makeDirectory = async (path: string, mode = 0o777): Promise<void> => {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
    const above = dirname(path)
    if (codeOf(error) !== 'ENOENT' || existsSync(above)) throw error
    await makeDirectory(above, mode)
    await makeDirectory(path, mode)
  }
}

export const makePrivateDirectory = (path: string): Promise<void> => makeDirectory(path, 0o700)

/** Far longer than a write takes, in milliseconds. */
const abandonedMs = 60_000

/** As `writeSynced` names what it has not finished. */
export const isTemporary = (name: string): boolean =>
  name.endsWith(unfinished) && /\.\d+$/.test(name.slice(0, -unfinished.length))

/**
 * Clears away what a crash has left half written in a directory that several processes write to: what another one writes at this moment is
 * younger, and stays.
 */
export const clearAbandoned = async (directory: string): Promise<void> => {
  for (const name of (await readdir(directory)).filter(isTemporary)) {
    const path = join(directory, name)
    const written = await stat(path).catch(() => undefined)
    if (written !== undefined && Date.now() - written.mtimeMs > abandonedMs) await rm(path, { force: true })
  }
}

/** Clears away whatever was left half written in a directory that one process has to itself. */
export const clearTemporary = async (directory: string): Promise<void> => {
  for (const name of (await readdir(directory)).filter(isTemporary))
    await rm(join(directory, name), { force: true })
}

/** Clears away what a killed run has left of a file of its own, as the PIN that it was to hold: nobody else writes it at this moment. */
export const clearUnfinished = async (path: string): Promise<void> => {
  const names = await readdir(dirname(path)).catch(() => [])
  const isOfIt = (name: string): boolean =>
    isTemporary(name) && name.replace(/\.\d+\.new$/, '') === basename(path)
  for (const name of names.filter(isOfIt)) await rm(join(dirname(path), name), { force: true })
}

const writeSynced = async (path: string, bytes: Uint8Array): Promise<string> => {
  // Drawn by chance: of processes in several containers each may have the same number.
  const temporary = `${path}.${randomInt(2 ** 47)}${unfinished}`
  const file = await open(temporary, 'w', privateMode)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    // A disk that is full has no room for what nobody will finish.
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return temporary
}

/** Whether files can be made in a directory is found out by one that does not stay. @throws why none can */
export const tryDirectory = async (path: string, mode?: number): Promise<void> => {
  await makeDirectory(path, mode)
  const trial = join(path, 'trial')
  // What a run that was killed here has left; whoever tries at the same moment may take ours for that.
  await clearUnfinished(trial)
  await rm(await writeSynced(trial, Buffer.alloc(1)), { force: true })
}

/** Creates a file that must not exist yet. @throws EEXIST */
export const createDurable = async (path: string, bytes: Uint8Array): Promise<void> => {
  const temporary = await writeSynced(path, bytes)
  try {
    await link(temporary, path)
  } finally {
    await rm(temporary)
  }
  await syncDirectory(dirname(path))
}

/** Puts `bytes` in the place of whatever is there. One writer a path at a time. */
export const replaceDurable = async (path: string, bytes: Uint8Array): Promise<void> => {
  await rename(await writeSynced(path, bytes), path)
  await syncDirectory(dirname(path))
}

/** The file's bytes, or undefined where there is none. */
export const readIfPresent = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
