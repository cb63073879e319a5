// `grand-livre worker`: does what has become due, and goes on with what a stop has interrupted. Several share the jobs by Redis.
import { join } from 'node:path'
import { createProbesApp } from '../../api/probesApp.ts'
import { keepResponder } from '../../jobs/keepResponder.ts'
import { followNudges } from '../../jobs/nudges.ts'
import { ocspPartsJob } from '../../jobs/ocspParts.ts'
import { openJobs } from '../../jobs/open.ts'
import type { Each, Jobs } from '../../jobs/port.ts'
import { followCheckpoints } from '../../projections/followCheckpoints.ts'
import { readModels } from '../../projections/readModels.ts'
import { openAround } from '../around.ts'
import { openWhole } from '../closing.ts'
import { actsOf, type Acts } from '../compose/acts.ts'
import type { Common } from '../compose/common.ts'
import { goOn, jobsOf, stockOf } from '../compose/jobs.ts'
import type { Config } from '../config.ts'
import { openDocuments } from '../documentFiles.ts'
import { listenAt } from '../installation.ts'
import { jobStates, statesOf } from '../health.ts'
import { probedSources, workerSources } from '../metricSources.ts'
import { openShared, requireShared, sharedLooks, type RoleOptions, type RunningRole } from './role.ts'

/** Facts by which a key is asked for at a desk: keys are made ahead in between. */
const atDesk = new Set(['SessionOpened', 'PublicKeyBound', 'KeyEscrowed'])

/** Once, before the jobs, but beside everything else: this may wait for read models that are built anew. */
const startUp = async (acts: Acts, each: Each): Promise<void> => {
  await goOn(acts, { carrying: 'begun', each })
}

const healthOf = (common: Common, jobs: Jobs) => async () => ({
  ...(await statesOf({ ...sharedLooks(common), queue: jobs.health })),
  ...jobStates(jobs.faults()),
})

/** @throws what kept it from starting; JobsFault when Redis cannot be reached */
export const openWorker = (config: Config, options: RoleOptions): Promise<RunningRole> =>
  openWhole(async (opening) => {
    requireShared('worker', config)
    const { opened, onClose } = opening
    const { common, chain, parts, instruments } = await openShared(config, options, opening)
    const { service, ledger, db, now, custody } = common
    const standing = followCheckpoints({ ledger, db, projections: readModels(common.blind), now })
    onClose(standing.stop)
    const acts = actsOf(common, chain, standing)
    const documents = await openDocuments(join(config.dataDir, 'documents'), config.cguText)
    const responder = await keepResponder(service, { keys: custody.keys, ca: chain.ca })
    let lastAtDesk = -Infinity
    const stock = stockOf(acts, () => performance.now() - lastAtDesk)
    let tell: (job: string, error: Error) => void = () => undefined
    const around = await openAround(config, (job, error) => tell(job, error))
    onClose(around.close)
    options.onStep('jobs')
    const jobs = await openJobs(
      [
        ...jobsOf(acts, {
          ...{ documents, around, carrying: 'begun' },
          responder: [responder.renewal, ocspPartsJob({ service, db, issuer: chain.ca.id })],
          stock: stock.jobs,
        }),
        common.measure.job({ name: 'startUp', everySeconds: 24 * 3600, run: (each) => startUp(acts, each) }),
      ],
      (job, error) => tell(job, error),
      { redisUrl: config.redisUrl, log: config.policy.log },
    )
    onClose(jobs.stop)
    onClose(
      followNudges(ledger, jobs.nudge, (type) => {
        if (atDesk.has(type)) lastAtDesk = performance.now()
      }),
    )
    const machine = instruments.machine(parts)
    const probed = {
      ...{ now, health: healthOf(common, jobs) },
      alarms: async () => {
        const [ours, ofMachine] = await Promise.all([
          around.alarms({ db, now: now(), delay: acts.delay }),
          machine.alarms(),
        ])
        return { ...ours, 'key stock': stock.alarm(), ...ofMachine }
      },
    }
    const sources = {
      ...probedSources(probed),
      ...workerSources(jobs, acts.delay.current),
      ...machine.sources,
    }
    const metricsUrl = await instruments.show(sources, probed, onClose)
    const { app: watch, drain } = instruments
    const app = opened(await createProbesApp(options.release, probed, { log: options.log, ...watch }))
    tell = (job, err) => app.log.error({ err, job }, 'a job failed')
    for (const job of [
      'startUp',
      'publishRootCrl',
      'publishCrl',
      'notices',
      'stockCount',
      'complianceReport',
    ])
      jobs.nudge(job)
    return { app, url: await listenAt(app, config), metricsUrl, drain }
  })
