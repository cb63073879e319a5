// `grand-livre accounts`: who may sign in, with which roles, for which entities.
import { join } from 'node:path'
import { makePrivateDirectory } from '../hsm/durable.ts'
import { addAccount, listAccounts, removeAccount, type NewAccount } from './accountsFile.ts'
import { readConfig } from './config.ts'
import { columns, type Output } from './output.ts'

const fileOf = (env: NodeJS.ProcessEnv): string => join(readConfig(env).dataDir, 'accounts.json')

/** Adds an account and shows its token, this once. @throws AccountFault */
export const add = async (env: NodeJS.ProcessEnv, output: Output, wanted: NewAccount): Promise<void> => {
  await makePrivateDirectory(readConfig(env).dataDir)
  const account = addAccount(fileOf(env), wanted, new Date())
  output.result(account, () =>
    columns([
      ['account', account.id],
      ['person', account.person],
      ['roles', account.roles.join(', ')],
      ['entities', account.entities.join(', ') || '(none)'],
      ['token', `${account.token}   (shown once: keep it, it cannot be read again)`],
    ]),
  )
}

/** Lists the accounts, without their tokens. */
export const list = (env: NodeJS.ProcessEnv, output: Output): void => {
  const accounts = listAccounts(fileOf(env))
  output.result(accounts, () =>
    accounts.length === 0
      ? 'There is no account yet: grand-livre accounts add --help'
      : columns([
          ['ACCOUNT', 'ROLES', 'PERSON', 'ENTITIES'],
          ...accounts.map(({ id, roles, person, entities }) => [
            id,
            roles.join(','),
            person,
            entities.join(','),
          ]),
        ]),
  )
}

/** Removes an account: its token opens nothing any more, from the next request on. @throws AccountFault */
export const remove = (env: NodeJS.ProcessEnv, output: Output, id: string): void => {
  removeAccount(fileOf(env), id)
  output.result({ removed: id }, () => `The account ${id} is removed.`)
}
