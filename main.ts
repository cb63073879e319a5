// The composition root: joins the parts of one installation into the running service. No rule lives here.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Services } from './api/services.ts'
import { openAccounts } from './cli/accountsFile.ts'
import type { Config } from './cli/config.ts'
import { instantsOf, ledgerOver, openBlind, type Clock, type Custody } from './cli/parts.ts'
import { createActors } from './commands/actors.ts'
import { holdCeremony, type Chain, type Minutes } from './commands/ceremony.ts'
import { createHandle } from './commands/handle.ts'
import { createPosts } from './commands/posts.ts'
import { issueCertificate } from './commands/issueCertificate.ts'
import type { StatusView } from './commands/issueCrl.ts'
import type { IssuingCa } from './commands/issuing.ts'
import { drawSerial, type Service } from './commands/program.ts'
import { recoverKey, removeOutputsOf } from './commands/recoverKey.ts'
import { openTurns } from './domain/turns.ts'
import { undoIssuance } from './commands/undoIssuance.ts'
import { document } from './domain/document.ts'
import { addYears } from './domain/policy/dates.ts'
import type { Policy } from './domain/policy/policy.ts'
import { startJobs } from './jobs/embedded.ts'
import { endAppointments, endCrossed, endOfEntity } from './jobs/endAppointments.ts'
import { keepResponder } from './jobs/keepResponder.ts'
import { followNudges } from './jobs/nudges.ts'
import type { Job, Jobs, OnFault } from './jobs/port.ts'
import { publishCrl, type Rhythm } from './jobs/publishCrl.ts'
import { resume } from './jobs/resume.ts'
import { statusDigest } from './jobs/statusDigest.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { EventStore } from './ledger/store.ts'
import { certificateStatus } from './projections/certificateStatus.ts'
import { readModels } from './projections/readModels.ts'
import { createRunner, type Runner } from './projections/runner.ts'
import { appointmentsOf } from './readmodels/appointments.ts'
import { issuedTo } from './readmodels/certificates.ts'
import { crlEntriesSince, crlEntriesUpTo, latestCrl } from './readmodels/crls.ts'
import type { OpenDatabase } from './readmodels/database.ts'
import { findIntents } from './readmodels/intents.ts'
import { statusTableAt } from './readmodels/statusTable.ts'

/** What is opened before, and closed after. */
export type Parts = Readonly<{ store: EventStore; custody: Custody; database: OpenDatabase; clock: Clock }>

export type ComposeOptions = Readonly<{
  release: string
  /** Told each step of a first start. */
  onStep?: Minutes
  /** Told of each failed run of a job. */
  onFault?: OnFault
  /** How often the read models ask where the ledger ends, in milliseconds. */
  watchMs?: number
}>

export type Product = Readonly<{
  services: Services
  service: Service
  ledger: Ledger
  chain: Chain
  runner: Runner
  jobs: Jobs
  /** Resolves when every read model has taken in every fact. */
  settled: () => Promise<void>
  /** Stops the jobs and the read models; the parts stay open. */
  stop: () => Promise<void>
}>

/** How long a start may wait for read models that are rebuilt. */
const longestRebuild = 24 * 3600 * 1000

const rootRhythm = ({ crl }: Policy): Rhythm => ({
  everyHours: crl.rootEveryDays * 24,
  validityHours: crl.rootValidityDays * 24,
})

/** The program as an actor: one component, the same in every quarter. */
const program = {
  id: 'program',
  kind: 'component',
  person: '00000000-0000-5000-8000-000000000001',
  entities: [],
  auth: 'service',
} as const

/**
 * Joins the parts: holds the ceremony where none was held, brings the read models up to the ledger, goes on with what a
 * stop has interrupted, and publishes the CRL that is due.
 * @throws whatever keeps the service from starting; held again, it goes on where it stopped
 */
export const compose = async (config: Config, parts: Parts, options: ComposeOptions): Promise<Product> => {
  const { policy, cguText, dataDir } = config
  const { store, custody, database, clock } = parts
  const { release, onStep = () => undefined, onFault = () => undefined, watchMs } = options
  const { keys, vault, cards } = custody
  const { escrow, deliveries, journals } = vault
  const { db } = database
  const now = instantsOf(clock)

  const ledger = ledgerOver(store, config, vault.dataKeys, clock)
  const handle = createHandle({ ledger, policy: policy.version, release })
  const actors = createActors({ handle, journals, now, newId: randomUUID })
  const service: Service = {
    handle,
    ledger,
    policy,
    now,
    randomBytes,
    actor: () => actors(program, 'program'),
  }
  const chain = await holdCeremony(service, keys, onStep)
  const { ca, root, rootCa } = chain
  onStep('OCSP responder')
  const responder = await keepResponder(service, { keys, ca })

  const blind = await openBlind(custody)
  const watch = watchMs === undefined ? {} : { watchMs }
  const runner = createRunner({ ledger, db, projections: readModels(blind), now, ...watch })
  const caughtUp = async (timeoutMs: number): Promise<boolean> => {
    const head = await ledger.head()
    return head === undefined || (await runner.waitFor(head, timeoutMs))
  }
  const settled = async (): Promise<void> => {
    if (!(await caughtUp(longestRebuild)))
      throw new Error('the read models have not caught up with the ledger')
  }

  const viewOf = (id: string): StatusView => ({
    size: async () => Math.min(...runner.status().map(({ size }) => size)),
    lastNumber: async () => (await latestCrl(db, id))?.number ?? 0,
    entriesUpTo: (size) => crlEntriesUpTo(db, id, size),
    tableSha256: (size) => statusDigest(statusTableAt(db, size)),
  })
  const publish = (authority: IssuingCa, rhythm: Rhythm): Promise<void> =>
    publishCrl(service, authority, {
      ...{ rhythm, view: viewOf(authority.id), settled },
      state: async () => {
        const newest = await latestCrl(db, authority.id)
        return {
          newest: newest && { thisUpdate: newest.this_update, upTo: newest.up_to },
          entriesSince: (rank: number) => crlEntriesSince(db, authority.id, rank),
        }
      },
    })
  const issuance = { service, ca, escrow, cards }
  // What touches one request, or one recovery, runs one after the other, whoever asks: people or a job.
  const inTurn = openTurns()
  const goOn = async (startUp: boolean): Promise<void> => {
    await settled()
    await resume({ ...issuance, deliveries, inTurn }, await findIntents(db), startUp)
  }

  runner.start()
  let jobs: Jobs | undefined
  let stopNudges: () => Promise<void> = async () => undefined
  const stop = async (): Promise<void> => {
    await stopNudges()
    await jobs?.stop()
    await runner.stop()
  }
  try {
    onStep('read models')
    await settled()
    onStep('acts that a stop has interrupted')
    await goOn(true)
    jobs = await openJobs(
      [
        { name: 'publishCrl', everySeconds: 60, run: () => publish(ca, policy.crl) },
        { name: 'publishRootCrl', everySeconds: 3600, run: () => publish(rootCa, rootRhythm(policy)) },
        { name: 'resume', everySeconds: 60, run: () => goOn(false) },
        { name: 'endAppointments', everySeconds: 3600, run: () => endAppointments(service, db) },
        { name: 'renewResponder', everySeconds: 3600, run: responder.renew },
      ],
      onFault,
      config,
    )
    const { nudge } = jobs
    stopNudges = followNudges(ledger, () => nudge('publishCrl'))
    onStep('revocation lists of the root and of the issuing CA')
    await jobs.runNow('publishRootCrl')
    await jobs.runNow('publishCrl')
  } catch (error) {
    await stop()
    throw error
  }

  const faults = jobs.faults
  const services: Services = {
    ...{ policy, release, now, newId: randomUUID, handle, actors, program, db, cguText, cards },
    drawSerial: () => drawSerial(randomBytes),
    load: ledger.load,
    accounts: openAccounts(join(dataDir, 'accounts.json')),
    posts: {
      ...createPosts({
        fold: async (aggregate, id) => (await ledger.load(aggregate, id)).state,
        now,
        appointmentsOf: (person) => appointmentsOf(db, blind('person', person)),
      }),
      lookBack: () => settled().then(() => endCrossed(service, db)),
      endOfEntity: (id) => settled().then(() => endOfEntity(service, db, id)),
    },
    reads: {
      waitFor: (position, ms) => runner.waitFor(position, ms),
      caughtUp,
      position: () => runner.status().find(({ name }) => name === certificateStatus.name)?.position,
      lagSeconds: () => runner.lagSeconds(now()),
      blind,
    },
    issuance: {
      inTurn,
      issue: (id) => inTurn(id, () => issueCertificate(issuance, id)),
      undo: (id, why) => inTurn(id, () => undoIssuance(issuance, id, why)),
      oldKeys: (person) => issuedTo(db, person, addYears(now(), -policy.escrow.years)),
    },
    recovery: {
      execute: (id, secret) =>
        inTurn(id, () => recoverKey({ service, escrow, deliveries, ca, root }, id, secret)),
      discard: (id) => inTurn(id, () => removeOutputsOf({ service, deliveries }, id)),
      deliveries,
    },
    authority: { ca, root, rootCa, responder: responder.current },
    health: async () => ({
      ledger: await stateOf(() => ledger.load(document, 'cgu'), 'out of reach'),
      custody: await stateOf(vault.requireHeld, 'out of reach'),
      readModels: runner.lagSeconds(now()) <= policy.ocsp.maxLagSeconds ? true : 'behind the ledger',
      crl: await stateOf(async () => {
        for (const { id } of [ca, rootCa]) {
          const newest = await latestCrl(db, id)
          if (newest === undefined || newest.next_update <= now()) throw new Error('stale')
        }
      }, 'out of date'),
      ...Object.fromEntries([...faults()].map(([job, { name }]) => [`job ${job}`, name])),
    }),
  }
  return { services, service, ledger, chain, runner, jobs, settled, stop }
}

/** On Redis where there is one: only then is BullMQ loaded. */
const openJobs = async (
  jobs: readonly Job[],
  onFault: OnFault,
  { redisUrl, policy }: Config,
): Promise<Jobs> => {
  if (redisUrl === undefined) return startJobs(jobs, onFault)
  const { startQueuedJobs } = await import('./jobs/queued.ts')
  // No `/` nor `:` in a prefix: they mean something to Redis' tools and to BullMQ.
  return startQueuedJobs(jobs, onFault, {
    url: redisUrl,
    prefix: `grand-livre-${policy.log.replace(/[^a-z0-9]+/gi, '-')}`,
  })
}

const stateOf = async (look: () => Promise<unknown>, otherwise: string): Promise<true | string> => {
  try {
    await look()
    return true
  } catch {
    return otherwise
  }
}
