// `grand-livre api`: takes commands and answers questions. It projects nothing and runs no job: what it reads is as new as the
// checkpoints say, and it asks others by Redis for what has become due.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '../../api/app.ts'
import { inTime, shortPatienceMs } from '../../api/probes.ts'
import { openOcspActivity } from '../../commands/ocspActivity.ts'
import { startJobs } from '../../jobs/embedded.ts'
import { followResponder } from '../../jobs/followResponder.ts'
import { followNudges, nudgedJobs } from '../../jobs/nudges.ts'
import { openJobs } from '../../jobs/open.ts'
import type { Jobs } from '../../jobs/port.ts'
import { followCheckpoints } from '../../projections/followCheckpoints.ts'
import { readModels } from '../../projections/readModels.ts'
import { looksAtDelays } from '../around.ts'
import { openWhole } from '../closing.ts'
import { actsOf } from '../compose/acts.ts'
import { servicesOf } from '../compose/services.ts'
import type { Config } from '../config.ts'
import { servedSources } from '../metricSources.ts'
import { openDocuments } from '../documentFiles.ts'
import { alarmsOf } from '../health.ts'
import { listenEverywhere } from '../installation.ts'
import { webSettings } from '../signInConfig.ts'
import { openShared, requireShared, type RoleOptions, type RunningRole } from './role.ts'

const retryMs = 5_000

/** Asks for jobs by Redis. One that cannot be reached keeps nobody from working: jobs have timers of their own. */
const openNudging = ({ redisUrl, policy }: Config, onFault: (job: string, error: Error) => void) => {
  const stopping = new AbortController()
  let jobs: Jobs | undefined
  const asked = nudgedJobs.map((name) => ({
    ...{ name, everySeconds: 0 },
    run: () => Promise.reject(new Error('this process runs no job')),
  }))
  const open = async (): Promise<void> => {
    while (jobs === undefined && !stopping.signal.aborted)
      try {
        jobs = await openJobs(asked, onFault, { redisUrl, log: policy.log, run: false })
      } catch (error) {
        onFault('queues', error as Error)
        await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
  }
  const opening = open()
  return {
    nudge: (job: string, about: string) => jobs?.nudge(job, about),
    health: async (): Promise<true | string> => jobs?.health() ?? 'Redis gives no answer (REDIS_URL)',
    close: async () => {
      stopping.abort()
      await opening
      await jobs?.stop()
    },
  }
}

/** @throws what kept it from starting */
export const openApi = (config: Config, options: RoleOptions): Promise<RunningRole> =>
  openWhole(async (opening) => {
    requireShared('api', config)
    const { opened, onClose } = opening
    const { common, chain, parts, instruments } = await openShared(config, options, opening)
    const { service, ledger, db, now, custody } = common
    const standing = followCheckpoints({ ledger, db, projections: readModels(common.blind), now })
    onClose(standing.stop)
    const documents = await openDocuments(join(config.dataDir, 'documents'), config.cguText)
    // CGU-107: what this process answers, it records.
    const activity = openOcspActivity(now, randomUUID().slice(0, 8))
    let tell: (job: string, error: Error) => void = () => undefined
    const record = () => activity.record(service, chain.ca.id)
    const recording = startJobs(
      [{ name: 'recordOcspActivity', everySeconds: 3600, run: record }],
      (...fault) => tell(...fault),
    )
    onClose(async () => {
      await recording.stop()
      await record().catch((error: unknown) => tell('recordOcspActivity', error as Error))
    })
    const acts = actsOf(common, chain, standing)
    const nudging = opened(openNudging(config, (job, error) => tell(job, error)))
    const machine = instruments.machine(parts)
    const services = servicesOf(acts, {
      ...{ documents, faults: recording.faults },
      alarms: async () => {
        const [late, queue, ofMachine] = await Promise.all([
          alarmsOf(looksAtDelays(config, { db, now: now(), delay: acts.delay })),
          // No part that it cannot do without: what it asks for is done in its time all the same.
          inTime(nudging.health, 'out of reach', shortPatienceMs),
          machine.alarms(),
        ])
        return { ...late, queue, ...ofMachine }
      },
      responder: { responder: followResponder({ service, keys: custody.keys }), activity },
    })
    const { app: watch, drain } = instruments
    const metricsUrl = await instruments.show(
      { ...servedSources(services), ...machine.sources },
      services,
      onClose,
    )
    const app = opened(await createApp(services, { log: options.log, ...webSettings(config), ...watch }))
    tell = (job, err) => app.log.error({ err, job }, 'a job failed')
    onClose(followNudges(ledger, nudging.nudge))
    return { app, ...(await listenEverywhere(app, config, opened)), metricsUrl, drain }
  })
