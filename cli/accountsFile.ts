// Accounts as the API asks for them and the command line makes them: names, roles, and digests of what signs them in. A token is
// 256 random bits, so a plain digest cannot be guessed; it is shown once, when the account is made. What else signs in:
// cli/accountMeans.ts.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Account, Accounts, Client, Identity } from '../commands/accounts.ts'
import { roles, type Role } from '../domain/lists.ts'
import { incompatibility } from '../domain/policy/separation.ts'
import { AccountFault, change, readLines, type Line } from './accountLines.ts'

/** 256 random bits. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** SHA-256, hex, of what is drawn at random. */
export const digest = (token: string): string => createHash('sha256').update(token).digest('hex')

/** An identity as the file has it: neither issuer nor subject can be read in it. */
export const identityDigest = ({ issuer, subject }: Identity): string =>
  digest(JSON.stringify([issuer, subject]))

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

const accountOf = ({ id, person, roles: held, entities }: Line): Account => ({
  id,
  person,
  roles: held,
  entities,
})

const clientOf = (line: Line): Client | undefined =>
  line.client && {
    account: accountOf(line),
    secretSha256: line.client.secretSha256,
    key: line.client.key,
  }

type Index = Readonly<{ byName: ReadonlyMap<string, Line>; byDigest: ReadonlyMap<string, Line> }>

const nothing: Index = { byName: new Map(), byDigest: new Map() }

/** By name, and by each digest under the kind of thing it is of. */
const indexOf = (lines: readonly Line[]): Index => ({
  byName: new Map(lines.map((line) => [line.id, line])),
  byDigest: new Map(
    lines.flatMap((line) => [
      ...(line.tokenSha256 === undefined ? [] : [[`token ${line.tokenSha256}`, line] as const]),
      ...(line.certificates ?? []).map((one) => [`certificate ${one}`, line] as const),
      ...(line.identities ?? []).map((one) => [`identity ${one}`, line] as const),
    ]),
  ),
})

/** The accounts as the API asks for them; a file changed by the command line is read again at the next question. */
export const openAccounts = (file: string): Accounts => {
  let read: { stamp: string; index: Index } = { stamp: '', index: nothing }
  const current = (): Index => {
    const info = statSync(file, { throwIfNoEntry: false })
    const stamp = info === undefined ? '' : `${info.ino}|${info.mtimeMs}|${info.size}`
    if (stamp !== read.stamp) read = { stamp, index: indexOf(readLines(file)) }
    return read.index
  }
  const found = (key: string): Account | undefined => {
    const line = current().byDigest.get(key)
    return line && accountOf(line)
  }
  return {
    byToken: async (token) => found(`token ${digest(token)}`),
    byCertificate: async (sha256) => found(`certificate ${sha256}`),
    byIdentity: async (identity) => found(`identity ${identityDigest(identity)}`),
    client: async (id) => {
      const line = current().byName.get(id)
      return line && clientOf(line)
    },
    rolesOf: async (person) => rolesOf([...current().byName.values()], person),
  }
}

export type NewAccount = Readonly<{
  id: string
  roles: readonly string[]
  entities?: readonly string[]
  person?: string
}>

/** What an account signs in by. */
export type Means = Omit<Line, keyof Account | 'createdAt'>

/**
 * Adds an account that signs in by `means`.
 * @throws AccountFault for a name that is taken or unfit, a role that does not exist, or roles that exclude each other (CGU-06)
 */
export const addLine = (file: string, wanted: NewAccount, means: Means, now: Date): Account => {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(wanted.id))
    throw new AccountFault('an account name has 1 to 64 of the characters A-Z a-z 0-9 . _ -')
  const unknown = wanted.roles.find((role) => role === 'program' || !roles.includes(role as Role))
  if (unknown !== undefined || wanted.roles.length === 0)
    throw new AccountFault(
      `no such role: ${unknown ?? '(none given)'}; there are ${roles.filter((role) => role !== 'program').join(', ')}`,
    )
  if (wanted.person !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(wanted.person))
    throw new AccountFault('a person number is a UUID in lower case')
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
    return [...lines, { ...account, ...means, createdAt: now.toISOString() }]
  })
  return account
}

/**
 * Adds an account that signs in by a token.
 * @returns it, with the token that will not be shown again
 * @throws AccountFault as `addLine`
 */
export const addAccount = (file: string, wanted: NewAccount, now: Date): Account & { token: string } => {
  const token = newSecret()
  return { ...addLine(file, wanted, { tokenSha256: digest(token) }, now), token }
}

/** What an account signs in by, in words: for lists. */
const meansOf = ({ tokenSha256, certificates = [], identities = [], client }: Line): readonly string[] => [
  ...(tokenSha256 === undefined ? [] : ['token']),
  ...(certificates.length === 0 ? [] : ['certificate']),
  ...(identities.length === 0 ? [] : ['sso']),
  ...(client === undefined ? [] : ['client']),
]

export const listAccounts = (file: string): readonly (Account & { signsInBy: readonly string[] })[] =>
  readLines(file).map((line) => ({ ...accountOf(line), signsInBy: meansOf(line) }))

/** @throws AccountFault when there is no such account */
export const removeAccount = (file: string, id: string): void =>
  change(file, (lines) => {
    if (!lines.some((line) => line.id === id)) throw new AccountFault(`there is no account ${id}`)
    return lines.filter((line) => line.id !== id)
  })
