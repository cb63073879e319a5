// Accounts in a local file, mode 0600: names, roles, and the SHA-256 of each token. A token is 256 random bits, so a
// plain digest cannot be guessed; it is shown once, when the account is made. Real sign-in comes later: the port stays.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Account, Accounts } from '../commands/accounts.ts'
import { roles, type Role } from '../domain/lists.ts'
import { incompatibility } from '../domain/policy/separation.ts'

type Line = Account & Readonly<{ tokenSha256: string; createdAt: string }>

/** What was asked of the accounts file cannot be done: the sentence says why. */
export class AccountFault extends Error {
  override readonly name = 'AccountFault'
}

const digest = (token: string): string => createHash('sha256').update(token).digest('hex')

const readLines = (file: string): readonly Line[] => {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new AccountFault(`${file} can be read by others: chmod 600 it`)
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Line[]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** @returns whether it was written: asked last of all, when the new file lies beside the old one */
const writeLines = (file: string, lines: readonly Line[], mayWrite: () => boolean): boolean => {
  const next = `${file}.${randomUUID()}`
  const handle = openSync(next, 'wx', 0o600)
  writeSync(handle, `${JSON.stringify(lines, null, 2)}\n`)
  fsyncSync(handle)
  closeSync(handle)
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

/** Replaces the lines by what `edit` makes of them, one command at a time. */
const change = (file: string, edit: (lines: readonly Line[]) => readonly Line[]): void => {
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

const rolesOf = (accounts: readonly Account[], person: string): readonly Role[] => [
  ...new Set(accounts.filter((one) => one.person === person).flatMap(({ roles: held }) => held)),
]

/** CGU-06: roles that one person may not hold at the same time are not given to him, on one account or on two. */
const requireCompatible = (held: readonly Role[]): void => {
  for (const [index, one] of held.entries())
    for (const other of held.slice(index + 1)) {
      const reason = incompatibility(one, other)
      if (reason !== undefined) throw new AccountFault(`one person may not be ${one} and ${other}: ${reason}`)
    }
}

/** The accounts as the API asks for them; a file changed by the command line is read again at the next question. */
export const openAccounts = (file: string): Accounts => {
  let read: { stamp: string; byDigest: ReadonlyMap<string, Account> } = { stamp: '', byDigest: new Map() }
  const current = (): ReadonlyMap<string, Account> => {
    const info = statSync(file, { throwIfNoEntry: false })
    const stamp = info === undefined ? '' : `${info.ino}|${info.mtimeMs}|${info.size}`
    if (stamp !== read.stamp) {
      const byDigest = new Map(
        readLines(file).map(({ tokenSha256, id, person, roles: held, entities }) => [
          tokenSha256,
          { id, person, roles: held, entities },
        ]),
      )
      read = { stamp, byDigest }
    }
    return read.byDigest
  }
  return {
    // Looked up by digest: how long it takes says nothing about the token.
    byToken: async (token) => current().get(digest(token)),
    rolesOf: async (person) => rolesOf([...current().values()], person),
  }
}

export type NewAccount = Readonly<{
  id: string
  roles: readonly string[]
  entities?: readonly string[]
  person?: string
}>

/**
 * Adds an account.
 * @returns it, with the token that will not be shown again
 * @throws AccountFault for a name that is taken or unfit, a role that does not exist, or roles that exclude each other (CGU-06)
 */
export const addAccount = (file: string, wanted: NewAccount, now: Date): Account & { token: string } => {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(wanted.id))
    throw new AccountFault('an account name has 1 to 64 of the characters A-Z a-z 0-9 . _ -')
  const unknown = wanted.roles.find((role) => role === 'program' || !roles.includes(role as Role))
  if (unknown !== undefined || wanted.roles.length === 0)
    throw new AccountFault(
      `no such role: ${unknown ?? '(none given)'}; there are ${roles.filter((role) => role !== 'program').join(', ')}`,
    )
  if (wanted.person !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(wanted.person))
    throw new AccountFault('a person number is a UUID in lower case')
  const token = randomBytes(32).toString('base64url')
  const account: Account = {
    id: wanted.id,
    person: wanted.person ?? randomUUID(),
    roles: wanted.roles as readonly Role[],
    entities: wanted.entities ?? [],
  }
  change(file, (lines) => {
    if (lines.some(({ id }) => id === wanted.id))
      throw new AccountFault(`the account ${wanted.id} exists already`)
    requireCompatible([...new Set([...account.roles, ...rolesOf(lines, account.person)])])
    return [...lines, { ...account, tokenSha256: digest(token), createdAt: now.toISOString() }]
  })
  return { ...account, token }
}

export const listAccounts = (file: string): readonly Account[] =>
  readLines(file).map(({ id, person, roles: held, entities }) => ({ id, person, roles: held, entities }))

/** @throws AccountFault when there is no such account */
export const removeAccount = (file: string, id: string): void => {
  const requireIn = (lines: readonly Line[]): void => {
    if (!lines.some((line) => line.id === id)) throw new AccountFault(`there is no account ${id}`)
  }
  // Asked first without the lock, which needs a directory to lie in.
  requireIn(readLines(file))
  change(file, (lines) => {
    requireIn(lines)
    return lines.filter((line) => line.id !== id)
  })
}
