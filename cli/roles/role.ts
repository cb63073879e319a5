// What the processes of an installation have in common: settings that they cannot do without, the parts that they share, a database that
// `migrate` has made ready.
import type { FastifyInstance } from 'fastify'
import { findChain } from '../../commands/findChain.ts'
import type { Chain } from '../../commands/ceremony.ts'
import { isMigrated } from '../../readmodels/database.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { databaseTime } from '../../readmodels/metrics.ts'
import { openCommon, type Common, type Parts } from '../compose/common.ts'
import { openInstallationTurns } from '../compose/turns.ts'
import type { Opening } from '../closing.ts'
import type { Config } from '../config.ts'
import { ConfigFault } from '../configFault.ts'
import { stateOf } from '../health.ts'
import { openInstruments, type Instruments } from '../instruments.ts'
import { openCustody, openReadModels, openStore, systemClock } from '../parts.ts'

/** Names of the processes, as the command line has them. */
export const roles = ['migrate', 'api', 'projector', 'worker', 'status'] as const
export type Role = (typeof roles)[number]

export type RoleOptions = Readonly<{
  release: string
  /** Told each step of a start. */
  onStep: (line: string) => void
  log: Readonly<{ level: string; service: string; stream?: { write: (line: string) => void } }>
}>

/** A process that answers at an address until it is closed. */
export type RunningRole = Readonly<{
  app: FastifyInstance
  url: string
  /** Where it answers with TLS of its own, if it does. */
  tlsUrl?: string | undefined
  /** Where /metrics has a port of its own. */
  metricsUrl: string | undefined
  /** From now on /readyz says that the process is being stopped. */
  drain: () => void
  close: () => Promise<void>
}>

/** What `migrate` does has not been done: the sentence says so. */
export class NotMigrated extends Error {
  override readonly name = 'NotMigrated'
}

const withQueues: readonly Role[] = ['api', 'worker']

/** @throws ConfigFault that names a setting by which the processes share what one process has to itself */
export const requireShared = (role: Role, config: Config): void => {
  const needed = {
    LEDGER_URL: config.ledgerUrl,
    DATABASE_URL: config.databaseUrl,
    SIGNER_SOCKET: config.signer,
    ...(withQueues.includes(role) ? { REDIS_URL: config.redisUrl } : {}),
  }
  const missing = Object.entries(needed).find(([, value]) => value === undefined)
  if (missing !== undefined)
    throw new ConfigFault(
      `${missing[0]}: is needed by grand-livre ${role}, which shares it with other processes; one process alone is grand-livre start`,
    )
}

/** @throws NotMigrated where the tables are not those of this release */
export const requireMigrated = async (db: OpenDatabase['db']): Promise<void> => {
  if (!(await isMigrated(db)))
    throw new NotMigrated('the database does not have the tables of this release: run grand-livre migrate')
}

/** Whether what every such process stands on answers. */
export const sharedLooks = ({ ledger, db, custody }: Common) => ({
  ledger: () => stateOf(ledger.head, 'out of reach'),
  database: () => stateOf(() => databaseTime(db), 'out of reach'),
  keys: custody.keysHealth,
})

/**
 * Opens what every process but `status` and `migrate` stands on.
 * @throws NotMigrated before `migrate` has made tables and authorities; KeyFault, LedgerFault, and the driver's faults
 */
export const openShared = async (
  config: Config,
  { release, onStep, log }: RoleOptions,
  { opened }: Opening,
): Promise<Readonly<{ common: Common; chain: Chain; parts: Parts; instruments: Instruments }>> => {
  const instruments = opened(await openInstruments(config, { release, role: log.service, process: true }))
  onStep('database')
  const database = opened(await openReadModels(config, { asItStands: true }))
  await requireMigrated(database.db)
  onStep('custody')
  const custody = opened(await openCustody(config))
  onStep('ledger')
  const store = opened(await openStore(config))
  const turns = opened(openInstallationTurns(config.databaseUrl))
  const parts = { store, custody, database, clock: systemClock }
  const { measure } = instruments
  const common = await openCommon(config, instruments.over(parts), { release, turns, measure })
  const chain = await findChain(common.service, common.custody.keys)
  if (chain === undefined)
    throw new NotMigrated('the key ceremony has not been held: run grand-livre migrate')
  return { common, chain, parts, instruments }
}
