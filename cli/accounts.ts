// `grand-livre accounts`: who may sign in, with which roles, for which entities.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateDirectory } from '../hsm/durable.ts'
import type { Account, Identity } from '../commands/accounts.ts'
import {
  addClient,
  bindCertificate,
  linkIdentity,
  unbindCertificate,
  unlinkIdentity,
} from './accountMeans.ts'
import { addAccount, addLine, listAccounts, removeAccount, type NewAccount } from './accountsFile.ts'
import { readConfig } from './config.ts'
import { columns, type Output } from './output.ts'
import { NothingThere } from './reading.ts'

const fileOf = (env: NodeJS.ProcessEnv): string => join(readConfig(env).dataDir, 'accounts.json')

/** Adds an account and shows its token, if it has one, this once. @throws AccountFault */
export const add = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  { withToken, ...wanted }: NewAccount & Readonly<{ withToken: boolean }>,
): Promise<void> => {
  await makePrivateDirectory(readConfig(env).dataDir)
  const account: Account & { token?: string } = withToken
    ? addAccount(fileOf(env), wanted, new Date())
    : addLine(fileOf(env), wanted, {}, new Date())
  output.result(account, () => columns([...described(account), ...shownOnce('token', account.token)]))
}

const described = (account: Account): string[][] => [
  ['account', account.id],
  ['person', account.person],
  ['roles', account.roles.join(', ')],
  ['entities', account.entities.join(', ') || '(none)'],
]

const shownOnce = (name: string, secret: string | undefined): string[][] =>
  secret === undefined ? [] : [[name, `${secret}   (shown once: keep it, it cannot be read again)`]]

/** Adds an API client and shows its secret, if it has one, this once. @throws AccountFault */
export const addApiClient = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  wanted: NewAccount,
  by: Readonly<{ key?: string; withSecret: boolean }>,
): Promise<void> => {
  await makePrivateDirectory(readConfig(env).dataDir)
  const client = addClient(fileOf(env), wanted, by, new Date())
  output.result(client, () => columns([...described(client), ...shownOnce('secret', client.secret)]))
}

/** Binds a certificate to an account, or takes it away again. @throws AccountFault */
export const bind = (
  env: NodeJS.ProcessEnv,
  output: Output,
  id: string,
  { certificate, undo }: Readonly<{ certificate: string; undo: boolean }>,
): void => {
  const sha256 = (undo ? unbindCertificate : bindCertificate)(fileOf(env), id, certificate)
  output.result({ account: id, [undo ? 'unbound' : 'bound']: sha256 }, () =>
    undo ? `The certificate is not ${id}’s any more.` : `The certificate signs ${id} in.`,
  )
}

/** Links a subject of an OpenID Connect provider to an account, or takes it away again. @throws AccountFault */
export const link = (
  env: NodeJS.ProcessEnv,
  output: Output,
  id: string,
  { undo, ...identity }: Identity & Readonly<{ undo: boolean }>,
): void => {
  const act = undo ? unlinkIdentity : linkIdentity
  act(fileOf(env), id, identity)
  output.result({ account: id, [undo ? 'unlinked' : 'linked']: identity.issuer }, () =>
    undo ? `The identity is not ${id}’s any more.` : `The identity signs ${id} in.`,
  )
}

/** Lists the accounts, without what they sign in by. @throws NothingThere at a mistyped DATA_DIR */
export const list = (env: NodeJS.ProcessEnv, output: Output): void => {
  const { dataDir } = readConfig(env)
  if (!existsSync(dataDir))
    throw new NothingThere(`there is no ${dataDir}: set DATA_DIR, or add the first account`)
  const accounts = listAccounts(fileOf(env))
  output.result(accounts, () =>
    accounts.length === 0
      ? 'There is no account yet: grand-livre accounts add --help'
      : columns([
          ['ACCOUNT', 'ROLES', 'PERSON', 'SIGNS IN BY', 'ENTITIES'],
          ...accounts.map(({ id, roles, person, signsInBy, entities }) => [
            id,
            roles.join(','),
            person,
            signsInBy.join(',') || '(nothing)',
            entities.join(','),
          ]),
        ]),
  )
}

/** Removes an account: what signed it in opens nothing any more, from the next request on. @throws AccountFault */
export const remove = (env: NodeJS.ProcessEnv, output: Output, id: string): void => {
  removeAccount(fileOf(env), id)
  output.result({ removed: id }, () => `The account ${id} is removed.`)
}
