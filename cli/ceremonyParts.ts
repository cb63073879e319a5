// What every ceremony of keys begins with: two officers by the files of their tokens, and the ledger and the keys opened for the one who
// acts. The service is stopped meanwhile.
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createJournal, type Journal } from '../api/journal.ts'
import { byToken } from '../api/signIn/bearer.ts'
import type { Account } from '../commands/accounts.ts'
import { foldOf } from '../commands/consider.ts'
import { createActors, program, type Principal } from '../commands/actors.ts'
import { createHandle } from '../commands/handle.ts'
import { createPosts, type HeldAccount } from '../commands/posts.ts'
import type { Service } from '../commands/program.ts'
import { requireOwn } from '../commands/requireOwn.ts'
import type { Role } from '../domain/lists.ts'
import { alone, keyHolders } from '../domain/policy/dualControl.ts'
import { refusals } from '../domain/refusals.ts'
import type { EventStore } from '../ledger/store.ts'
import { clearUnfinished, makeDirectory, replaceDurable } from '../hsm/durable.ts'
import { openAccounts } from './accountsFile.ts'
import type { Body, Ledger } from '../ledger/ledger.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { instantsOf, ledgerOver, openCustody, openStore, systemClock, type Custody } from './parts.ts'
import { hasCustody, hasLedger } from './reading.ts'
import { readRelease } from './shipped.ts'

export type Officer = Account & Readonly<{ role: Role }>
export type Two<T> = readonly [T, T]

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
  journal: Journal
  close: () => Promise<void>
}>

/** The ledger and the keys, while the service is stopped. @throws KeyFault, LedgerFault */
export const openActing = async (config: Config): Promise<Acting> => {
  const custody = await openCustody(config)
  try {
    const store = await openStore(config)
    const ledger = ledgerOver(store, config, custody.vault.dataKeys)
    await requireOwn({ ledger, policy: config.policy }, custody.keys).catch(async (error: unknown) => {
      await store.close()
      throw error
    })
    const now = instantsOf(systemClock)
    const handle = createHandle({ ledger, policy: config.policy.version, release: readRelease() })
    const actors = createActors({ handle, journals: custody.vault.journals, now, newId: randomUUID })
    const as = (who: Principal, role: Role): Service => ({
      ...{ handle, ledger, policy: config.policy, now, randomBytes },
      actor: () => actors(who, role),
    })
    const journal = createJournal({ handle, now, newId: randomUUID, actors, program })
    const close = async (): Promise<void> => {
      await store.close()
      await custody.close()
    }
    return { custody, store, as, journal, close }
  } catch (error) {
    await custody.close()
    throw error
  }
}

export const principalOf = ({ id, person, entities }: Account): Principal => ({
  ...{ id, person, entities },
  ...{ kind: 'account', auth: 'token' },
})

/** Both in their roles, as what they hold says. @throws ConfigFault */
const pairOf = ([one, other]: Two<Account>): Two<Officer> => {
  const officers = [officerOf('officer', one), officerOf('second', other)] as const
  requireTwo(...officers)
  return officers
}

/** From where somebody signs in who gives a command here: what an address is to a request. */
const here = 'command line'

/** CGU-114: a token that is nobody's is in the journal, where a ledger has begun. */
const recordFailure = async (
  config: Config,
  shown: Parameters<Journal['failedSignIn']>[0],
): Promise<void> => {
  if (!hasLedger(config) || !hasCustody(config)) return
  const { as, journal, close } = await openActing(config)
  try {
    if ((await as(program, 'program').ledger.head()) !== undefined) await journal.failedSignIn(shown)
  } finally {
    await close()
  }
}

type Asking = Readonly<{ option: string; file: string; isRehearsal: boolean }>

/** Who signs in with the token of a file. @throws ConfigFault */
const accountOf = async (config: Config, { option, file, isRehearsal }: Asking): Promise<Account> => {
  const token = await readFile(file, 'utf8').catch(() => {
    throw new ConfigFault(`--${option}: ${file} cannot be read`)
  })
  const shown = await byToken(openAccounts(join(config.dataDir, 'accounts.json')))(token.trim())
  if (!('cause' in shown)) return shown.account
  const sentence = `--${option}: the token of ${file} opens no account`
  if (!isRehearsal)
    await recordFailure(config, { ...shown, address: here }).catch((error: unknown) => {
      throw new ConfigFault(`${sentence}; and it was not written down: ${(error as Error).message}`)
    })
  throw new ConfigFault(sentence)
}

/** CGU-114: whoever has signed in is in his journal, before he does anything. */
const recordSignIn = async (
  { as, journal }: Pick<Acting, 'as' | 'journal'>,
  held: HeldAccount,
): Promise<void> => {
  const role = held.roles[0] ?? held.named[0]
  if (role === undefined) return
  const actor = await as(principalOf(held), role).actor()
  await journal.signedIn(actor, { means: 'token', identifier: held.id, address: here })
}

/**
 * Who holds a ceremony, and who stands beside him: whoever the tokens are of. In a place without a ledger nobody is appointed yet,
 * and the accounts file alone says what they hold (docs/adr/0013): it is asked before anything is made.
 * @param isRehearsal held in a place of its own: nothing of it is written down anywhere else
 * @throws ConfigFault
 */
export const twoAccounts = async (
  config: Config,
  asked: Readonly<{ officer: string; second: string }>,
  isRehearsal = false,
): Promise<Two<Account>> => {
  const accounts = [
    await accountOf(config, { option: 'officer', file: asked.officer, isRehearsal }),
    await accountOf(config, { option: 'second', file: asked.second, isRehearsal }),
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
 * The two officers as the ledger has them now: from its acceptance on an appointment decides (docs/adr/0013), as at each request. Both are
 * signed in.
 * @throws ConfigFault where one of them holds neither role, or both are one
 */
export const officersIn = async (
  acting: Pick<Acting, 'as' | 'journal'>,
  accounts: Two<Account>,
): Promise<Two<Officer>> => {
  const { ledger, now } = acting.as(program, 'program')
  const ids = await appointmentsIn(ledger)
  const { held } = createPosts({ fold: foldOf(ledger), now, appointmentsOf: async () => ids })
  const both = [await held(accounts[0]), await held(accounts[1])] as const
  for (const one of both) await recordSignIn(acting, one)
  return pairOf(both)
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
  const { as, journal, ...parts } = await openActing(config)
  try {
    const officers = await officersIn({ as, journal }, accounts)
    const service = as(principalOf(officers[0]), officers[0].role)
    return { ...parts, officers, service, program: as(program, 'program') }
  } catch (error) {
    await parts.close()
    throw error
  }
}

/** Both officers signed in and everything open while `act` runs. @throws ConfigFault, as `officersIn` */
export const withOfficers = async <T>(
  config: Config,
  asked: Readonly<{ officer: string; second: string }>,
  act: (opened: Opened) => Promise<T>,
): Promise<T> => {
  const opened = await open(config, await twoAccounts(config, asked))
  try {
    return await act(opened)
  } finally {
    await opened.close()
  }
}

/** What the ledger has recorded last of a type on a stream, or of those that `fits` says; undefined where it has none. */
export const lastOn = async (
  ledger: Ledger,
  stream: string,
  event: string,
  fits: (pub: Body['pub']) => boolean = () => true,
): Promise<Body | undefined> => {
  let last: Body | undefined
  for await (const { type, body } of ledger.stream(stream)) if (type === event && fits(body.pub)) last = body
  return last
}

export type Files = Readonly<Record<string, string | Uint8Array>>

/** Leaves what was made in a directory, each file whole and on disk: the minutes of what cannot be done again. @returns the directory */
export const leave = async (directory: string, files: Files): Promise<string> => {
  const out = resolve(directory)
  await makeDirectory(out)
  for (const [name, bytes] of Object.entries(files)) {
    await clearUnfinished(join(out, name))
    await replaceDurable(join(out, name), Buffer.from(bytes))
  }
  return out
}
