// `grand-livre status`: certificates, revocation lists and OCSP for relying parties, and nothing else. It stays up when everything else is
// down, also across a start of its own: what it serves is kept in a directory (cli/roles/statusKeep.ts).
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { inTime } from '../../api/probes.ts'
import { createOcspAnswers, type OcspServices } from '../../api/ocspAnswers.ts'
import { createStatusApp, type StatusServices } from '../../api/statusApp.ts'
import { Problem } from '../../api/problems.ts'
import { keyOfPart, openOcspActivity, type OcspActivity } from '../../commands/ocspActivity.ts'
import { startJobs } from '../../jobs/embedded.ts'
import { isMigrated, openDatabase } from '../../readmodels/database.ts'
import { putOcspPart } from '../../readmodels/ocspParts.ts'
import { openWhole } from '../closing.ts'
import type { Config } from '../config.ts'
import { alarmsOf } from '../health.ts'
import { diskAlarm, diskFree } from '../hostAlarms.ts'
import { listenAt } from '../installation.ts'
import { openInstruments } from '../instruments.ts'
import { keeperSources, keptListSources, probedSources } from '../metricSources.ts'
import { NotMigrated, requireShared, type RoleOptions, type RunningRole } from './role.ts'
import { openStatusKeep, type StatusKeep } from './statusKeep.ts'
import { keepReady } from './statusReady.ts'
import { refreshStatus, type Refreshing } from './statusRefresh.ts'
import { OutOfReach, openStatusSources, type StatusSources } from './statusSources.ts'

const quietMs = 60_000

/** One that stays away for long is not told of at every attempt. */
const onceInAWhile = (tell: (source: string, error: unknown) => void): typeof tell => {
  const told = new Map<string, number>()
  return (source, error) => {
    const now = performance.now()
    if (now - (told.get(source) ?? -Infinity) < quietMs) return
    told.set(source, now)
    tell(source, error)
  }
}

/** A wrong database is found out where it can be asked; one that cannot be reached keeps nobody from starting. */
const requireNotForeign = async ({ db }: StatusSources): Promise<void> => {
  const migrated = await isMigrated(db).catch(() => undefined)
  if (migrated === false)
    throw new NotMigrated('the database does not have the tables of this release: run grand-livre migrate')
}

const keysOf = (sources: StatusSources): Promise<true | string> =>
  inTime(async () => (await sources.custody()?.keysHealth()) ?? 'out of reach', 'out of reach')

/** Something that has to be there to be served. @throws Problem READ_MODEL_UNAVAILABLE */
const known = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Problem('READ_MODEL_UNAVAILABLE')
  return value
}

type Parts = Readonly<{
  keep: StatusKeep
  sources: StatusSources
  activity: OcspActivity
  refreshing: Refreshing
}>

const probedOf = (
  { policy, dataDir, ops }: Config,
  { keep, sources, refreshing }: Parts,
): StatusServices['probed'] => {
  const { now } = sources
  const fresh = (name: 'crl' | 'rootCrl'): true | string => {
    const file = keep.list(name)
    if (file === undefined) return 'not there yet'
    return file.nextUpdate > now() ? true : 'out of date'
  }
  return {
    now,
    // What it serves. That others are down is theirs to tell.
    health: async () => ({
      certificates: keep.authorities() === undefined ? 'not there yet' : true,
      ...{ crl: fresh('crl'), rootCrl: fresh('rootCrl') },
    }),
    alarms: () =>
      alarmsOf({
        'read models': async () => {
          const lag = sources.standing()?.lagSeconds() ?? Infinity
          return lag <= policy.ocsp.maxLagSeconds ? true : 'behind the ledger, or out of reach'
        },
        // CGU-76: rows that are up to date are of no use to anybody while an older copy is served.
        refresh: async () => refreshing.alarm(),
        keys: () => keysOf(sources),
        disk: async () => diskAlarm(await diskFree(dataDir), ops),
      }),
  }
}

const ocspOf = ({ policy }: Config, { keep, sources, activity }: Parts): OcspServices => {
  const { db, now } = sources
  return {
    ...{ policy, now, db },
    reads: {
      position: () => sources.standing()?.position(),
      lagSeconds: () => sources.standing()?.lagSeconds() ?? Infinity,
      lookAgain: async () => {
        const standing = sources.standing()
        if (standing === undefined) throw new OutOfReach('ledger')
        await standing.lookAgain()
      },
    },
    authority: {
      get ca() {
        return known(keep.authorities()).ca
      },
      ...{ responder: sources.responder, activity },
    },
  }
}

const listsOf = ({ policy }: Config, { keep, sources }: Parts): StatusServices['lists'] => ({
  ...{ policy, now: sources.now },
  crl: async () => known(keep.list('crl')),
  rootCrl: async () => known(keep.list('rootCrl')),
  caCertificate: () => known(keep.authorities()).ca.certificate,
  rootCertificate: () => known(keep.authorities()).rootCa.certificate,
})

/** @throws what kept it from starting: its directory, its port, a database of another release; nothing that is down */
export const openStatus = (config: Config, options: RoleOptions): Promise<RunningRole> =>
  openWhole(async ({ opened, onClose }) => {
    requireShared('status', config)
    const { release, log } = options
    const instruments = opened(await openInstruments(config, { release, role: 'status', process: true }))
    let tell: (what: string, error: unknown) => void = () => undefined
    const sources = opened(await openStatusSources(config, (source, error) => tell(source, error)))
    await requireNotForeign(sources)
    const directory = join(config.dataDir, 'status')
    const onKeepFault = (error: unknown): void => tell('directory', error)
    const keep = await openStatusKeep(directory, sources.now, onKeepFault, config.ops.ocspReady)
    onClose(keep.written)
    const maxLag = config.policy.ocsp.maxLagSeconds
    const refreshing = refreshStatus(keep, sources, {
      ...{ maxLag, onFault: (error) => tell('read models', error) },
    })
    onClose(refreshing.stop)
    // CGU-107: what it answers is handed over by the database, for a worker to record: it writes nothing else anywhere.
    const activity = openOcspActivity(sources.now, randomUUID().slice(0, 8))
    const mailbox = opened(await openDatabase({ url: config.databaseUrl ?? '', asItStands: true }))
    const handOver = async (): Promise<void> => {
      const id = keep.authorities()?.ca.id
      if (id !== undefined) await activity.drain((part) => putOcspPart(mailbox.db, keyOfPart(id, part), part))
    }
    const handing = startJobs([{ name: 'handOver', everySeconds: 60, run: handOver }], (_, error) =>
      tell('activity', error),
    )
    onClose(async () => {
      await handing.stop()
      await handOver().catch((error: unknown) => tell('activity', error))
    })
    const served = { keep, sources, activity, refreshing }
    const responder = createOcspAnswers(ocspOf(config, served), (error) => tell('answers', error), keep)
    const ready = keepReady(
      { keep, sources, prepare: responder.prepare },
      { most: config.ops.ocspReady, onFault: (error) => tell('answers made ready', error) },
    )
    onClose(ready.stop)
    const probed = probedOf(config, served)
    const shown = {
      ...probedSources(probed),
      ...keptListSources(keep.list, sources.now),
      ...keeperSources({ keysHealth: () => keysOf(sources), free: () => diskFree(config.dataDir) }),
    }
    const metricsUrl = await instruments.show(shown, probed, onClose)
    const { app: watch, drain } = instruments
    const { trustedProxies, signIn } = config
    const limit = signIn.limits.publication
    const app = opened(
      await createStatusApp(
        { release, responder, probed, lists: listsOf(config, served) },
        { log, trustedProxies, limit, ...watch },
      ),
    )
    tell = onceInAWhile((source, err) => app.log.warn({ err, source }, 'a source is out of reach'))
    return { app, url: await listenAt(app, config), metricsUrl, drain }
  })
