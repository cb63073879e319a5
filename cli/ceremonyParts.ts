// What every ceremony of keys begins with: two officers by the files of their tokens, and the ledger and the keys opened for the one who
// acts. The service is stopped meanwhile.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Account } from '../commands/accounts.ts'
import { createActors, program, type Principal } from '../commands/actors.ts'
import { createHandle } from '../commands/handle.ts'
import type { Service } from '../commands/program.ts'
import type { Role } from '../domain/lists.ts'
import { alone, keyHolders } from '../domain/policy/dualControl.ts'
import { refusals } from '../domain/refusals.ts'
import { openAccounts } from './accountsFile.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { instantsOf, ledgerOver, openCustody, openStore, systemClock, type Custody } from './parts.ts'
import { readRelease } from './shipped.ts'

export type Officer = Account & Readonly<{ role: Role }>

/** Who signs in with the token of a file, in the one of the two roles that he holds. @throws ConfigFault */
const officerOf = async ({ dataDir }: Config, option: string, file: string): Promise<Officer> => {
  const token = await readFile(file, 'utf8').catch(() => {
    throw new ConfigFault(`--${option}: ${file} cannot be read`)
  })
  const account = await openAccounts(join(dataDir, 'accounts.json')).byToken(token.trim())
  const role = keyHolders.find((one) => account?.roles.includes(one))
  if (account === undefined) throw new ConfigFault(`--${option}: the token of ${file} opens no account`)
  if (role === undefined)
    throw new ConfigFault(`--${option}: ${account.id} is neither of ${keyHolders.join(', ')} (CGU-06)`)
  return { ...account, role }
}

/** CGU-06: found out before anything is opened; the deciders ask again. @throws ConfigFault */
const requireTwo = (first: Officer, second: Officer): void => {
  const by = { role: first.role, person: first.person }
  const refusal = alone(by, { person: second.person, roles: [second.role] })
  if (refusal === undefined || !('refused' in refusal)) return
  const { code, clause } = refusal.refused
  throw new ConfigFault(`--second: ${code} (${clause}): ${refusals[code].en}`)
}

export type Acting = Readonly<{
  custody: Custody
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
    return { custody, as, close }
  } catch (error) {
    await custody.close()
    throw error
  }
}

export const principalOf = ({ id, person, entities }: Officer): Principal => ({
  ...{ id, person, entities },
  ...{ kind: 'account', auth: 'token' },
})

export type Opened = Readonly<{
  service: Service
  /** The program itself, for what no officer does. */
  program: Service
  custody: Custody
  close: () => Promise<void>
}>

/** The ledger and the keys, with the officer as who acts. */
export const open = async (config: Config, officer: Officer): Promise<Opened> => {
  const { as, ...parts } = await openActing(config)
  return { ...parts, service: as(principalOf(officer), officer.role), program: as(program, 'program') }
}

/** Who holds a ceremony, and who stands beside him. @throws ConfigFault */
export const twoOfficers = async (
  config: Config,
  asked: Readonly<{ officer: string; second: string }>,
): Promise<readonly [Officer, Officer]> => {
  const officers = [
    await officerOf(config, 'officer', asked.officer),
    await officerOf(config, 'second', asked.second),
  ] as const
  requireTwo(...officers)
  return officers
}

export type Files = Readonly<Record<string, string | Uint8Array>>

/** Leaves what was made in a directory. @returns the directory */
export const leave = async (directory: string, files: Files): Promise<string> => {
  const out = resolve(directory)
  await mkdir(out, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(out, name), bytes, { mode: 0o644 })
  return out
}
