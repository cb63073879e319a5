// The composition root: joins the parts of one installation into the service of one process. No rule lives here. The roles of an
// installation of several processes are joined from the same pieces (cli/compose/, cli/roles/).
import { join } from 'node:path'
import type { Services } from './api/services.ts'
import { openAround } from './cli/around.ts'
import { openDocuments } from './cli/documentFiles.ts'
import { actsOf } from './cli/compose/acts.ts'
import { openCommon, type Parts } from './cli/compose/common.ts'
import { goOn, jobsOf, recordCurrentKek, stockOf } from './cli/compose/jobs.ts'
import { servicesOf } from './cli/compose/services.ts'
import { openInstallationTurns } from './cli/compose/turns.ts'
import type { Config } from './cli/config.ts'
import type { Measure } from './cli/observed.ts'
import { holdCeremony, type Chain, type Minutes } from './commands/ceremony.ts'
import { recordParameters } from './commands/documents.ts'
import type { Service } from './commands/program.ts'
import { keepResponder } from './jobs/keepResponder.ts'
import { followNudges } from './jobs/nudges.ts'
import { openJobs } from './jobs/open.ts'
import { inOrder, type Jobs, type OnFault } from './jobs/port.ts'
import type { RevocationDelay } from './jobs/revocationDelay.ts'
import type { Ledger } from './ledger/ledger.ts'
import { readModels } from './projections/readModels.ts'
import { createRunner, type Runner } from './projections/runner.ts'
import { standingOf } from './projections/standing.ts'

export type ComposeOptions = Readonly<{
  release: string
  /** Told each step of a first start. */
  onStep?: Minutes
  /** Told of each failed run of a job. */
  onFault?: OnFault
  /** Watches over commands and jobs (cli/observed.ts). */
  measure?: Measure
  /** What people have to look after on this machine, beside what the product itself knows. */
  alarms?: Services['alarms']
  /** How often the read models ask where the ledger ends, in milliseconds. */
  watchMs?: number
  /** What a guess at the passphrase of a recovered key costs, where it is not as much as usual (pki/pkcs12.ts). */
  passphraseIterations?: number
}>

export type Product = Readonly<{
  services: Services
  service: Service
  ledger: Ledger
  chain: Chain
  runner: Runner
  jobs: Jobs
  delays: RevocationDelay['current']
  /** Resolves when every read model has taken in every fact. */
  settled: () => Promise<void>
  /** Stops the jobs and the read models; the parts stay open. */
  stop: () => Promise<void>
}>

/**
 * Joins the parts: holds the ceremony where none was held, brings the read models up to the ledger, goes on with what a
 * stop has interrupted, and publishes the CRL that is due.
 * @throws whatever keeps the service from starting; held again, it goes on where it stopped
 */
export const compose = async (config: Config, parts: Parts, options: ComposeOptions): Promise<Product> => {
  const { policy, cguText, dataDir } = config
  const { custody, database } = parts
  const { release, onStep = () => undefined, onFault = () => undefined, watchMs } = options
  const turns = openInstallationTurns(config.databaseUrl)
  const measure = options.measure === undefined ? {} : { measure: options.measure }
  const common = await openCommon(config, parts, { release, turns, ...measure })
  const { service, ledger, now, blind } = common
  const chain = await holdCeremony(service, custody.keys, onStep)
  await recordCurrentKek(service, custody)
  await recordParameters(service)
  const documents = await openDocuments(join(dataDir, 'documents'), cguText)
  const around = await openAround(config, onFault)
  onStep('OCSP responder')
  const responder = await keepResponder(service, { keys: custody.keys, ca: chain.ca })

  const watch = watchMs === undefined ? {} : { watchMs }
  const runner = createRunner({ ledger, db: database.db, projections: readModels(blind), now, ...watch })
  const standing = standingOf(runner, ledger, now)
  const { settled } = standing
  const acts = actsOf(common, chain, standing)

  let lastIssuance = -Infinity
  const stock = stockOf(acts, () => performance.now() - lastIssuance)
  runner.start()
  let jobs: Jobs | undefined
  let stopNudges: () => Promise<void> = async () => undefined
  const stop = async (): Promise<void> => {
    await stopNudges()
    await jobs?.stop()
    await responder.stop(onFault)
    await runner.stop()
    await around.close()
    await turns.close()
  }
  try {
    onStep('read models')
    await settled()
    onStep('acts that a stop has interrupted')
    await goOn(acts, { carrying: 'all', each: inOrder })
    jobs = await openJobs(
      jobsOf(acts, {
        ...{ documents, around, responder: [responder.renewal, responder.recording], carrying: 'none' },
        stock: stock.jobs,
      }),
      onFault,
      { redisUrl: config.redisUrl, log: policy.log },
    )
    const { nudge } = jobs
    stopNudges = followNudges(ledger, nudge)
    onStep('revocation lists of the root and of the issuing CA')
    await jobs.runNow('publishRootCrl')
    await jobs.runNow('publishCrl')
    // What a stop left planned is sent.
    nudge('notices')
    nudge('stockCount')
    // A month that has ended while nothing ran.
    nudge('complianceReport')
  } catch (error) {
    await stop()
    throw error
  }
  const services = servicesOf(acts, {
    ...{ documents, responder: responder.answering, faults: jobs.faults, models: runner.status },
    queue: config.redisUrl === undefined ? undefined : jobs.health,
    alarms: async () => {
      const [ours, more] = await Promise.all([
        around.alarms({ db: database.db, now: now(), delay: acts.delay }),
        options.alarms?.(),
      ])
      return { ...ours, 'key stock': stock.alarm(), ...more }
    },
    passphraseIterations: options.passphraseIterations,
    onIssuance: () => {
      lastIssuance = performance.now()
    },
  })
  return { services, service, ledger, chain, runner, jobs, delays: acts.delay.current, settled, stop }
}
