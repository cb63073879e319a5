// The file that accounts lie in, mode 0600: a line for each, replaced as a whole, by one command at a time.
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Account } from '../commands/accounts.ts'

/** One account as the file has it. What a line of an older release does not have, its account does not sign in by. */
export type Line = Account &
  Readonly<{
    createdAt: string
    tokenSha256?: string
    /** SHA-256 of certificates, DER. */
    certificates?: readonly string[]
    /** Digests of identities at OpenID Connect providers. */
    identities?: readonly string[]
    /** Of an API client. */
    client?: Readonly<{ secretSha256?: string; key?: string }>
  }>

/** What was asked of the accounts file cannot be done: the sentence says why. */
export class AccountFault extends Error {
  override readonly name = 'AccountFault'
}

const parsed = (file: string, text: string): readonly Line[] => {
  try {
    const lines: unknown = JSON.parse(text)
    if (Array.isArray(lines)) return lines as readonly Line[]
  } catch {
    // Told below, as any other damage.
  }
  throw new AccountFault(`${file} is damaged; restore it from a backup`)
}

/** @throws AccountFault when others can read the file, or it is damaged */
export const readLines = (file: string): readonly Line[] => {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new AccountFault(`${file} can be read by others: chmod 600 it`)
    return parsed(file, readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Of a write that a full disk cuts short there is no fault but the next one's: it is written until all of it is there, on disk. */
const writeWhole = (path: string, text: string): void => {
  const handle = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** @returns whether it was written: asked last of all, when the new file lies beside the old one */
const writeLines = (file: string, lines: readonly Line[], mayWrite: () => boolean): boolean => {
  const next = `${file}.${randomUUID()}`
  try {
    writeWhole(next, `${JSON.stringify(lines, null, 2)}\n`)
  } catch (error) {
    // A disk that is full has no room for what nobody will finish.
    rmSync(next, { force: true })
    throw error
  }
  if (!mayWrite()) {
    rmSync(next)
    return false
  }
  renameSync(next, file)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return true
}

/** A change takes milliseconds: a lock as old as `stale` was left by a command that was killed. */
const lockMs = { pause: 20, stale: 5_000, patience: 15_000 }

const take = (lock: string, token: string): boolean => {
  try {
    writeFileSync(lock, token, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const holds = (lock: string, token: string): boolean => {
  try {
    return readFileSync(lock, 'utf8') === token
  } catch {
    return false
  }
}

const waitFor = (lock: string, token: string, until: number): void => {
  while (!take(lock, token)) {
    if (Date.now() > until) throw new AccountFault(`${lock}: other commands change the accounts; try again`)
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (since < Date.now() - lockMs.stale) rmSync(lock, { force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockMs.pause)
  }
}

/** Replaces the lines by what `edit` makes of them, one command at a time. @throws AccountFault */
export const change = (file: string, edit: (lines: readonly Line[]) => readonly Line[]): void => {
  // What cannot be done is said before the lock, which needs a directory to lie in.
  edit(readLines(file))
  const [lock, token] = [`${file}.lock`, randomUUID()]
  const until = Date.now() + lockMs.patience
  for (let isDone = false; !isDone;) {
    waitFor(lock, token, until)
    try {
      // Two that find a stale lock at once: the slower removes what the quicker has taken, who then begins again.
      isDone = writeLines(file, edit(readLines(file)), () => holds(lock, token))
    } finally {
      if (holds(lock, token)) rmSync(lock, { force: true })
    }
  }
}
