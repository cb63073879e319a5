// What every ceremony of keys begins with: two officers by the files of their tokens, and the ledger and the keys opened for the one who
// acts. The service is stopped meanwhile.
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Account } from '../commands/accounts.ts'
import { createActors, program, type Principal } from '../commands/actors.ts'
import { createHandle } from '../commands/handle.ts'
import { createPosts } from '../commands/posts.ts'
import type { Service } from '../commands/program.ts'
import type { Aggregate } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { alone, keyHolders } from '../domain/policy/dualControl.ts'
import { refusals } from '../domain/refusals.ts'
import type { EventStore } from '../ledger/store.ts'
import { openAccounts } from './accountsFile.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { instantsOf, ledgerOver, openCustody, openStore, systemClock, type Custody } from './parts.ts'
import { readRelease } from './shipped.ts'

export type Officer = Account & Readonly<{ role: Role }>
export type Two<T> = readonly [T, T]

/** Who signs in with the token of a file. @throws ConfigFault */
const accountOf = async ({ dataDir }: Config, option: string, file: string): Promise<Account> => {
  const token = await readFile(file, 'utf8').catch(() => {
    throw new ConfigFault(`--${option}: ${file} cannot be read`)
  })
  const account = await openAccounts(join(dataDir, 'accounts.json')).byToken(token.trim())
  if (account === undefined) throw new ConfigFault(`--${option}: the token of ${file} opens no account`)
  return account
}

/** The account in the one of the two roles that it holds. @throws ConfigFault */
const officerOf = (option: string, account: Account): Officer => {
  const role = keyHolders.find((one) => account.roles.includes(one))
  if (role === undefined)
    throw new ConfigFault(`--${option}: ${account.id} is neither of ${keyHolders.join(', ')} (CGU-06)`)
  return { ...account, role }
}

/** CGU-06: found out before anything is done; the deciders ask again. @throws ConfigFault */
const requireTwo = (first: Officer, second: Officer): void => {
  const by = { role: first.role, person: first.person }
  const refusal = alone(by, { person: second.person, roles: [second.role] })
  if (refusal === undefined || !('refused' in refusal)) return
  const { code, clause } = refusal.refused
  throw new ConfigFault(`--second: ${code} (${clause}): ${refusals[code].en}`)
}

/** The key that reports are signed with. */
export const logKey = ({ records }: Config['policy']) =>
  ({ purpose: 'log', algorithm: records.logAlgorithm }) as const

export type Acting = Readonly<{
  custody: Custody
  store: EventStore
  /** What somebody works with in a role. */
  as: (who: Principal, role: Role) => Service
  close: () => Promise<void>
}>

/** The ledger and the keys, while the service is stopped. @throws KeyFault, LedgerFault */
export const openActing = async (config: Config): Promise<Acting> => {
  const custody = await openCustody(config)
  try {
    const store = await openStore(config)
    const ledger = ledgerOver(store, config, custody.vault.dataKeys)
    const now = instantsOf(systemClock)
    const handle = createHandle({ ledger, policy: config.policy.version, release: readRelease() })
    const actors = createActors({ handle, journals: custody.vault.journals, now, newId: randomUUID })
    const as = (who: Principal, role: Role): Service => ({
      ...{ handle, ledger, policy: config.policy, now, randomBytes },
      actor: () => actors(who, role),
    })
    const close = async (): Promise<void> => {
      await store.close()
      await custody.close()
    }
    return { custody, store, as, close }
  } catch (error) {
    await custody.close()
    throw error
  }
}

export const principalOf = ({ id, person, entities }: Officer): Principal => ({
  ...{ id, person, entities },
  ...{ kind: 'account', auth: 'token' },
})

/** Both in their roles, as what they hold says. @throws ConfigFault */
const pairOf = ([one, other]: Two<Account>): Two<Officer> => {
  const officers = [officerOf('officer', one), officerOf('second', other)] as const
  requireTwo(...officers)
  return officers
}

const hasLedger = ({ dataDir, ledgerUrl }: Config): boolean =>
  ledgerUrl !== undefined || existsSync(join(dataDir, 'ledger'))

/**
 * Who holds a ceremony, and who stands beside him: whoever the tokens are of. In a place without a ledger nobody is appointed yet,
 * and the accounts file alone says what they hold (docs/adr/0013): it is asked before anything is made.
 * @throws ConfigFault
 */
export const twoAccounts = async (
  config: Config,
  asked: Readonly<{ officer: string; second: string }>,
): Promise<Two<Account>> => {
  const accounts = [
    await accountOf(config, 'officer', asked.officer),
    await accountOf(config, 'second', asked.second),
  ] as const
  if (!hasLedger(config)) pairOf(accounts)
  return accounts
}

/** Ids of the appointments to the roles of key holders. Whose they are is sealed: each is asked. */
const appointmentsIn = async (ledger: Ledger): Promise<readonly string[]> => {
  const ids: string[] = []
  for await (const { stream, type, body } of ledger.entries())
    if (type === 'AppointmentProposed' && keyHolders.some((role) => role === body.pub['role']))
      ids.push(stream.slice(stream.indexOf('-') + 1))
  return ids
}

/**
 * The two officers as the ledger has them now: from its acceptance on an appointment decides (docs/adr/0013), as at each request.
 * @throws ConfigFault where one of them holds neither role, or both are one
 */
export const officersIn = async (
  { ledger, now }: Pick<Service, 'ledger' | 'now'>,
  accounts: Two<Account>,
): Promise<Two<Officer>> => {
  const ids = await appointmentsIn(ledger)
  const fold = async <S, E>(aggregate: Aggregate<S, E>, id: string) =>
    (await ledger.load(aggregate, id)).state
  const { held } = createPosts({ fold, now, appointmentsOf: async () => ids })
  return pairOf([await held(accounts[0]), await held(accounts[1])])
}

export type Opened = Readonly<{
  service: Service
  /** The program itself, for what no officer does. */
  program: Service
  officers: Two<Officer>
  custody: Custody
  store: EventStore
  close: () => Promise<void>
}>

/** The ledger and the keys, with the first of the two officers as who acts. @throws ConfigFault, as `officersIn` */
export const open = async (config: Config, accounts: Two<Account>): Promise<Opened> => {
  const { as, ...parts } = await openActing(config)
  try {
    const own = as(program, 'program')
    const officers = await officersIn(own, accounts)
    return { ...parts, officers, service: as(principalOf(officers[0]), officers[0].role), program: own }
  } catch (error) {
    await parts.close()
    throw error
  }
}

export type Files = Readonly<Record<string, string | Uint8Array>>

/** Leaves what was made in a directory. @returns the directory */
export const leave = async (directory: string, files: Files): Promise<string> => {
  const out = resolve(directory)
  await mkdir(out, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(out, name), bytes, { mode: 0o644 })
  return out
}
