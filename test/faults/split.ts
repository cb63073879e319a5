// An installation of processes (docs/adr/0027): an API, a signer, projectors, workers and status processes in pairs, on a ledger, a PostgreSQL and a Redis of
// its own. Each server goes away and comes back, each process is killed and started again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readConfig, type Config } from '../../cli/config.ts'
import { download } from '../../cli/demo/client.ts'
import {
  instantsOf,
  ledgerOver,
  openBlind,
  openCustody,
  openReadModels,
  systemClock,
} from '../../cli/parts.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { sha256 } from '../../commands/issuing.ts'
import { followCheckpoints } from '../../projections/followCheckpoints.ts'
import { readModels } from '../../projections/readModels.ts'
import { quickPolicyText } from '../support/quickPolicy.ts'
import { deskInService } from '../commands/facts.ts'
import { desks } from '../support/embedded.ts'
import { openNode } from '../support/eventstoredb/openNode.ts'
import { agent } from '../support/life.ts'
import { beside } from '../trial/beside.ts'
import { openTrial, type Trial } from '../trial/installation.ts'
import { probe, until as comesOut, type Running } from '../trial/process.ts'
import { openFullDisks, type FullDisks } from './fullDisk.ts'
import { peopleOf, type Struck } from './people.ts'
import { liveTogether, typesIn, until } from './struckLife.ts'
import { countsOf } from './whole.ts'

const crlName = 'ac-confidentialite-mef-qualifiee.crl'
const killed = ['projector', 'worker', 'api', 'status', 'signer'] as const

/**
 * What may go away: a server that all stand on, the projector that leads, a worker, the API, a status process, who holds the keys; the room
 * that the ledger or PostgreSQL has.
 */
export const outages = [
  ...(['ledger', 'postgres', 'redis', ...killed] as const),
  ...(['room in the ledger', 'room in PostgreSQL'] as const),
] as const
export type Outage = (typeof outages)[number]

/** Told in the ledger, in this order, by a life that comes to it. */
export const moments = [
  ...[
    'CertificateRequested',
    'RequestValidated',
    'PublicKeyBound',
    'CertificatePlanned',
    'CertificateIssued',
  ],
  ...['CertificateRevoked', 'CrlPlanned', 'NoticePlanned', 'RecoveryApproved', 'KeyRecoveryStarted'],
] as const

/** What goes away once the first of the lives has come to a moment, for so many milliseconds. */
export type Blow = Readonly<{ at: string; what: Outage; awayMs: number }>

export type Split = Struck &
  Readonly<{
    /** Ends it, as by `kill -9` where it is a process, and starts it again after so many milliseconds. */
    strike: (what: Outage, awayMs: number) => Promise<void>
    /** How many writes each has refused for want of room. */
    refused: FullDisks['refused']
    /** Stops every process in order, when everything that is due has been done. The servers stay. */
    stop: () => Promise<void>
    close: () => Promise<void>
  }>

const launcher = process.env['GRAND_LIVRE_LAUNCHER'] ?? join(import.meta.dirname, '../../cli/grand-livre.js')

/** Desks, as those who came before have left them, and an agent whom the referential knows. */
const furnish = (config: Config): Promise<void> =>
  beside(config, async ({ handle, custody }) => {
    for (const desk of desks) await deskInService(desk)(handle, desk)
    await saveRegister({ dataDir: config.dataDir, key: custody.registersKey }, 'referential', [
      { matricule: agent.matricule, surname: agent.surname, givenNames: agent.givenNames, active: true },
    ])
  })

/** Waits until every read model has taken in every fact. */
const settle = async (config: Config, node: Struck['node']): Promise<void> => {
  const [custody, database] = await Promise.all([
    openCustody(config),
    openReadModels(config, { asItStands: true }),
  ])
  const standing = followCheckpoints({
    ledger: ledgerOver(node.store(), config, undefined),
    ...{ db: database.db, projections: readModels(await openBlind(custody)), now: instantsOf(systemClock) },
  })
  await standing.settled()
  await standing.stop()
  await Promise.all([custody.close(), database.close()])
}

type Killed = (typeof killed)[number]
/** `more`: settings of its own, with which it is started again. */
type Up = Readonly<{ running: Running; more: NodeJS.ProcessEnv }>

/** The processes of one installation, and who of them is up. Status processes are there where they are wanted: nobody else needs them. */
const openProcesses = async (trial: Trial, withStatus: boolean) => {
  const up: Record<Killed, Up[]> = { projector: [], worker: [], api: [], status: [], signer: [] }
  const start = async (role: Killed, more: NodeJS.ProcessEnv = {}): Promise<void> => {
    up[role].push({ running: await trial.start(role, more), more })
  }
  await start('signer')
  await trial.run(['migrate'])
  const pairs = ['projector', 'projector', 'worker', 'worker'] as const
  const copies = withStatus ? ['status-1', 'status-2'].map((name) => join(trial.dataDir, '..', name)) : []
  await Promise.all([
    furnish(readConfig(trial.env)),
    ...[...pairs, 'api' as const].map((role) => start(role)),
    // Each keeps its copy in a directory of its own.
    ...copies.map((DATA_DIR) => start('status', { DATA_DIR })),
  ])
  const urls = (role: Killed): readonly string[] => up[role].map(({ running }) => running.said.url ?? '')
  const leads = async (url: string): Promise<boolean> =>
    (await probe(url)).body.state?.['projector'] === 'leads'
  /** The one that leads, of projectors; of others, the oldest. */
  const foremost = async (role: Killed): Promise<number> =>
    role === 'projector'
      ? comesOut(
          'a projector that leads',
          async () => (await Promise.all(urls('projector').map(leads))).indexOf(true),
          (at) => at >= 0,
        )
      : 0
  return {
    apiUrl: async () => urls('api')[0] ?? '',
    kill: async (role: Killed, awayMs: number): Promise<void> => {
      const [one] = up[role].splice(await foremost(role), 1)
      await one?.running.kill()
      await pause(awayMs)
      await start(role, one?.more)
    },
    /** Waits until every status process serves the same list as the API. @throws Error where one does not come to it */
    alike: async (): Promise<void> => {
      const list = async (url: string): Promise<string> => sha256(await download(`${url}/${crlName}`))
      const all = () => Promise.all([...urls('api'), ...urls('status')].map(list))
      await comesOut('one list', all, (lists) => new Set(lists).size === 1)
    },
    /** @throws Error where one of them has ended by itself, or ends with a fault */
    stop: async (role: Killed): Promise<void> => {
      const statuses = await Promise.all(up[role].splice(0).map(({ running }) => running.stop()))
      if (statuses.some((status) => status !== 0)) throw new Error(`${role}: ended with ${statuses.join()}`)
    },
  }
}

/** @param withStatus whether there are status processes, and one of them can go away */
export const openSplit = async (withStatus: boolean): Promise<Split> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-split-'))
  const policyFile = join(directory, 'policy.json')
  await writeFile(policyFile, quickPolicyText())
  const node = await openNode()
  const often = '1000000'
  const trial = await openTrial({
    ...{ directory, launcher, say: () => undefined },
    env: {
      ...{ POLICY_FILE: policyFile, ESCROW_STOCK: '0', LEDGER_URL: node.connectionString },
      ...{ RATE_LIMIT_API: often, RATE_LIMIT_COMMANDS: often, RATE_LIMIT_READS: often },
    },
  })
  const close = async (): Promise<void> => {
    await trial.close()
    await node.close()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const processes = await openProcesses(trial, withStatus)
    const { SIGNER_SOCKET: _, ...held } = trial.env
    // What lies on disk is looked at without the signer: it has been stopped.
    const config = readConfig(held)
    const disks = await openFullDisks(node, config.databaseUrl ?? '')
    return {
      ...{ config, node, close, refused: disks.refused },
      product: peopleOf({ config, node, url: processes.apiUrl, askAgainMs: 100 }),
      strike: async (what, awayMs) => {
        if (what === 'room in the ledger') await disks.full('ledger', () => pause(awayMs))
        else if (what === 'room in PostgreSQL') await disks.full('postgres', () => pause(awayMs))
        else if (what === 'ledger') await node.restart(() => pause(awayMs))
        else if (what === 'postgres' || what === 'redis') await trial.restart(what, () => pause(awayMs))
        else await processes.kill(what, awayMs)
      },
      stop: async () => {
        await processes.alike()
        await processes.stop('status')
        await processes.stop('api')
        await processes.stop('worker')
        await settle(readConfig(trial.env), node)
        await processes.stop('projector')
        await processes.stop('signer')
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Several lives at the same time, and blows under that load, one after the other: a moment that has passed meanwhile is there. */
export const liveUnder = async (split: Split, many: number, blows: readonly Blow[]): Promise<void> => {
  const before = countsOf(await typesIn(split))
  const lives = liveTogether(split, many)
  const dealt = (async () => {
    for (const { at, what, awayMs } of blows) {
      await until(at, async () => (countsOf(await typesIn(split))[at] ?? 0) > (before[at] ?? 0))
      await split.strike(what, awayMs)
    }
  })()
  // Whichever fails: the other is not left to itself.
  const [first, second] = await Promise.allSettled([lives, dealt])
  for (const one of [first, second]) if (one.status === 'rejected') throw one.reason
}
