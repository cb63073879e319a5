// `grand-livre projector`: keeps the read models up with the ledger. One of them does, whoever has the lock; the others stand by.
import { setTimeout as sleep } from 'node:timers/promises'
import { createProbesApp } from '../../api/probesApp.ts'
import type { Probed } from '../../api/probes.ts'
import { openLockSession, projectorLock, type LockSession } from '../../host/postgresLocks.ts'
import { takeOver } from '../../projections/epoch.ts'
import { readModels } from '../../projections/readModels.ts'
import { createRunner, type Runner } from '../../projections/runner.ts'
import { openWhole } from '../closing.ts'
import type { Common } from '../compose/common.ts'
import type { Config } from '../config.ts'
import { listenAt } from '../installation.ts'
import { failedModels, statesOf } from '../health.ts'
import { probedSources, projectorSources } from '../metricSources.ts'
import { openShared, requireShared, sharedLooks, type RoleOptions, type RunningRole } from './role.ts'

/** How often one that stands by asks for the lock, and how often one that leads shows that it lives, in milliseconds. */
const askMs = 500
/** A leader that is silent for so long loses its session, and with it the lock, in milliseconds. */
const silentMs = 10_000

export type Leading = Readonly<{
  runner: () => Runner | undefined
  stop: () => Promise<void>
}>

/** Waits for the lock. @returns the session that has it; undefined once it is told to stop */
const elected = async (url: string, stopping: AbortSignal): Promise<LockSession | undefined> => {
  const session = await openLockSession(url, { silentMs })
  while (!stopping.aborted) {
    if (await session.tryTake(projectorLock)) return session
    await sleep(askMs, undefined, { signal: stopping }).catch(() => undefined)
  }
  await session.close()
  return undefined
}

/** Resolves when the session is lost or `stopping` says so. */
const held = async (session: LockSession, stopping: AbortSignal): Promise<void> => {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  void session.lost.then(end)
  while (!ended.signal.aborted && !stopping.aborted) {
    await session.beat().catch(end)
    await Promise.race([session.lost, sleep(askMs, undefined, { signal: stopping }).catch(() => undefined)])
  }
}

/** Leads whenever it can, until it is stopped. */
export const lead = (
  url: string,
  { ledger, db, blind, now }: Pick<Common, 'ledger' | 'db' | 'blind' | 'now'>,
  onChange: (word: string, error?: unknown) => void,
): Leading => {
  const stopping = new AbortController()
  const { signal } = stopping
  let runner: Runner | undefined

  const leadOnce = async (): Promise<void> => {
    const session = await elected(url, signal)
    if (session === undefined) return
    try {
      const fence = await takeOver(db)
      onChange('leads')
      runner = createRunner({ ledger, db, projections: readModels(blind), now, fence })
      runner.start()
      await held(session, signal)
    } finally {
      await runner?.stop()
      runner = undefined
      onChange('stands by')
      await session.close().catch(() => undefined)
    }
  }
  const run = async (): Promise<void> => {
    while (!signal.aborted)
      await leadOnce().catch(async (error: unknown) => {
        onChange('stands by', error)
        await sleep(askMs, undefined, { signal }).catch(() => undefined)
      })
  }
  const running = run()
  return {
    runner: () => runner,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const probedOf = (common: Common, leading: Leading, alarms: NonNullable<Probed['alarms']>): Probed => ({
  ...{ now: common.now, alarms },
  state: () => ({ projector: leading.runner() === undefined ? 'stands by' : 'leads' }),
  health: async () => ({
    ...(await statesOf(sharedLooks(common))),
    ...Object.fromEntries(
      failedModels(leading.runner()?.status()).map((name) => [`read model ${name}`, 'failed']),
    ),
  }),
})

/** @throws what kept it from starting */
export const openProjector = (config: Config, options: RoleOptions): Promise<RunningRole> =>
  openWhole(async (opening) => {
    requireShared('projector', config)
    const { common, parts, instruments } = await openShared(config, options, opening)
    let told: (word: string, error?: unknown) => void = () => undefined
    const leading = lead(config.databaseUrl ?? '', common, (word, error) => told(word, error))
    opening.onClose(leading.stop)
    const machine = instruments.machine(parts)
    const probed = probedOf(common, leading, machine.alarms)
    const { ledger, now } = common
    const sources = {
      ...probedSources(probed),
      ...projectorSources({ ledger, now, runner: leading.runner }),
      ...machine.sources,
    }
    const metricsUrl = await instruments.show(sources, probed, opening.onClose)
    const { app: watch, drain } = instruments
    const app = opening.opened(await createProbesApp(options.release, probed, { log: options.log, ...watch }))
    told = (word, err) => {
      if (err === undefined) app.log.info({ projector: word }, 'the projector')
      else app.log.error({ err, projector: word }, 'the projector')
    }
    return { app, url: await listenAt(app, config), metricsUrl, drain }
  })
