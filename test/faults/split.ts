// An installation of processes (docs/adr/0027): an API, a signer, projectors and workers in pairs, on a ledger, a PostgreSQL and a Redis of
// its own. Each server goes away and comes back, each process is killed and started again.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readConfig, type Config } from '../../cli/config.ts'
import {
  instantsOf,
  ledgerOver,
  openBlind,
  openCustody,
  openReadModels,
  systemClock,
} from '../../cli/parts.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { followCheckpoints } from '../../projections/followCheckpoints.ts'
import { readModels } from '../../projections/readModels.ts'
import { quickPolicyText } from '../cli/grandLivre.ts'
import { deskInService } from '../commands/facts.ts'
import { desks } from '../support/embedded.ts'
import { openNode } from '../support/eventstoredb/openNode.ts'
import { agent } from '../support/life.ts'
import { beside } from '../trial/beside.ts'
import { openTrial, type Trial } from '../trial/installation.ts'
import { probe, until as comesOut, type Running } from '../trial/process.ts'
import { peopleOf, type Struck } from './people.ts'
import { liveTogether, typesIn, until } from './struckLife.ts'
import { countsOf } from './whole.ts'

/** What may go away: a server that all stand on, the projector that leads, a worker, the API. */
export const outages = ['ledger', 'postgres', 'redis', 'projector', 'worker', 'api'] as const
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

/** The processes of one installation, and who of them is up. */
const openProcesses = async (trial: Trial) => {
  const up: Record<'projector' | 'worker' | 'api', Running[]> = {
    ...{ projector: [], worker: [], api: [] },
  }
  type Doubled = keyof typeof up
  const signer = await trial.start('signer')
  await trial.run(['migrate'])
  const roles = ['projector', 'projector', 'worker', 'worker', 'api'] as const
  await Promise.all([
    furnish(readConfig(trial.env)),
    ...roles.map(async (role) => up[role].push(await trial.start(role))),
  ])
  const leads = async ({ said }: Running): Promise<boolean> =>
    (await probe(said.url ?? '')).body.state?.['projector'] === 'leads'
  /** The one that leads, of projectors; of others, the oldest. */
  const foremost = async (role: Doubled): Promise<number> =>
    role === 'projector'
      ? comesOut(
          'a projector that leads',
          async () => (await Promise.all(up.projector.map(leads))).indexOf(true),
          (at) => at >= 0,
        )
      : 0
  return {
    apiUrl: async () => up.api[0]?.said.url ?? '',
    kill: async (role: Doubled, awayMs: number): Promise<void> => {
      const [one] = up[role].splice(await foremost(role), 1)
      await one?.kill()
      await pause(awayMs)
      up[role].push(await trial.start(role))
    },
    /** @throws Error where one of them has ended by itself, or ends with a fault */
    stop: async (role: Doubled): Promise<void> => {
      const statuses = await Promise.all(up[role].splice(0).map((one) => one.stop()))
      if (statuses.some((status) => status !== 0)) throw new Error(`${role}: ended with ${statuses.join()}`)
    },
    stopSigner: async (): Promise<void> => {
      const status = await signer.stop()
      if (status !== 0) throw new Error(`the signer ended with ${String(status)}`)
    },
  }
}

export const openSplit = async (): Promise<Split> => {
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
    const processes = await openProcesses(trial)
    const { SIGNER_SOCKET: _, ...held } = trial.env
    // What lies on disk is looked at without the signer: it has been stopped.
    const config = readConfig(held)
    return {
      ...{ config, node, close },
      product: peopleOf({ config, node, url: processes.apiUrl, askAgainMs: 100 }),
      strike: async (what, awayMs) => {
        if (what === 'ledger') await node.restart(() => pause(awayMs))
        else if (what === 'postgres' || what === 'redis') await trial.restart(what, () => pause(awayMs))
        else await processes.kill(what, awayMs)
      },
      stop: async () => {
        await processes.stop('api')
        await processes.stop('worker')
        await settle(readConfig(trial.env), node)
        await processes.stop('projector')
        await processes.stopSigner()
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
