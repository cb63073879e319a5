// The composition root: joins the parts of one installation into the running service. No rule lives here.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Services } from './api/services.ts'
import { openAccounts } from './cli/accountsFile.ts'
import { openDocuments } from './cli/documentFiles.ts'
import { openOutbox } from './cli/outboxFiles.ts'
import type { Config } from './cli/config.ts'
import { stateOf } from './cli/health.ts'
import { instantsOf, ledgerOver, openBlind, openSubjectMac, type Clock, type Custody } from './cli/parts.ts'
import { openRegisters } from './cli/registersFile.ts'
import { openTrust } from './cli/trust.ts'
import { createActors, program } from './commands/actors.ts'
import { holdCeremony, type Chain, type Minutes } from './commands/ceremony.ts'
import { recordParameters } from './commands/documents.ts'
import { recordKek } from './commands/escrowKeks.ts'
import { createHandle } from './commands/handle.ts'
import { issueCertificate } from './commands/issueCertificate.ts'
import { drawSerial, type Service } from './commands/program.ts'
import { purgeDestroyed } from './commands/purge.ts'
import { recoverKey, removeOutputsOf } from './commands/recoverKey.ts'
import { openTurns } from './domain/turns.ts'
import { revokeOfCard } from './commands/revokeOfCard.ts'
import { unblockCard } from './commands/unblocking.ts'
import { undoIssuance } from './commands/undoIssuance.ts'
import { document } from './domain/document.ts'
import { addHours } from './domain/policy/dates.ts'
import type { Policy } from './domain/policy/policy.ts'
import { glanceAtEnd, observeEnd, revokeAll, serialsSha256, toldByNotices } from './jobs/endOfLife.ts'
import { careJobs } from './jobs/care.ts'
import { openCrls } from './jobs/crls.ts'
import { destructionsJob } from './jobs/destructions.ts'
import { openEscrowStock } from './jobs/escrowStock.ts'
import { keepResponder } from './jobs/keepResponder.ts'
import { followNudges } from './jobs/nudges.ts'
import { openJobs } from './jobs/open.ts'
import { openPosts } from './jobs/posts.ts'
import type { Jobs, OnFault } from './jobs/port.ts'
import { careForCards, closeLateSessions } from './jobs/cards.ts'
import { openRenewals } from './jobs/renewals.ts'
import { resume } from './jobs/resume.ts'
import { noticesJob } from './jobs/sendNotices.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { EventStore } from './ledger/store.ts'
import { certificateStatus } from './projections/certificateStatus.ts'
import { readModels } from './projections/readModels.ts'
import { createRunner, type Runner } from './projections/runner.ts'
import { cardsToRevoke, lateSessions } from './readmodels/cards.ts'
import type { OpenDatabase } from './readmodels/database.ts'
import { findIntents } from './readmodels/intents.ts'
import { openSince } from './readmodels/revocations.ts'

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
  /** Resolves when every read model has taken in every fact. */
  settled: () => Promise<void>
  /** Stops the jobs and the read models; the parts stay open. */
  stop: () => Promise<void>
}>

/** How long a start may wait for read models that are rebuilt. */
const longestRebuild = 24 * 3600 * 1000

const rootRhythm = ({ crl }: Policy) => ({
  everyHours: crl.rootEveryDays * 24,
  validityHours: crl.rootValidityDays * 24,
})

/**
 * Joins the parts: holds the ceremony where none was held, brings the read models up to the ledger, goes on with what a
 * stop has interrupted, and publishes the CRL that is due.
 * @throws whatever keeps the service from starting; held again, it goes on where it stopped
 */
export const compose = async (config: Config, parts: Parts, options: ComposeOptions): Promise<Product> => {
  const { policy, cguText, dataDir } = config
  const { store, custody, database, clock } = parts
  const { release, onStep = () => undefined, onFault = () => undefined, watchMs } = options
  const [{ keys, vault, cards }, { db }] = [custody, database]
  const { escrow, deliveries, journals } = vault
  const now = instantsOf(clock)

  const ledger = ledgerOver(store, config, vault.dataKeys, clock)
  const handle = createHandle({ ledger, policy: policy.version, release })
  const actors = createActors({ handle, journals, now, newId: randomUUID })
  const service: Service = {
    ...{ handle, ledger, policy, now, randomBytes },
    actor: () => actors(program, 'program'),
  }
  // Before a sealed field is opened or a key handed out: a restored vault has what was destroyed after its backup.
  await purgeDestroyed({ ledger, ...vault })
  const chain = await holdCeremony(service, keys, onStep)
  const recordCurrentKek = () => escrow.currentKek().then((kek) => recordKek(service, kek))
  await recordCurrentKek()
  const { ca, root, rootCa } = chain
  const cost = options.passphraseIterations
  const recovering = { service, escrow, deliveries, ...(cost === undefined ? {} : { iterations: cost }) }
  await recordParameters(service)
  const documents = await openDocuments(join(dataDir, 'documents'), cguText)
  const outbox = await openOutbox(join(dataDir, 'outbox'))
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

  const size = (): number => Math.min(...runner.status().map((model) => model.size))
  const toldEverybody = toldByNotices({ service, db })
  const ending = { service, db, issuer: ca.id, size, settled, toldEverybody }
  const crls = openCrls({ service, db, size, settled })
  const subjectMac = await openSubjectMac(custody)
  const issuance = { service, ca, escrow, cards, subjectMac }
  // What touches one request, or one recovery, runs one after the other, whoever asks: people or a job.
  const inTurn = openTurns()
  const renewals = openRenewals({
    ...{ service, db, inTurn, verifier: program.person },
    trust: config.authTrust === undefined ? undefined : openTrust(config.authTrust),
  })
  const goOn = async (startUp: boolean): Promise<void> => {
    await settled()
    const tools = { ...issuance, deliveries, inTurn }
    await closeLateSessions(tools, await lateSessions(db))
    await resume(tools, await findIntents(db), startUp)
    await careForCards(tools, await cardsToRevoke(db, now()))
    await renewals.settleAll()
  }

  let lastIssuance = -Infinity
  const stock = openEscrowStock({
    ...{ service, escrow, count: config.escrowStock, recordKek: recordCurrentKek },
    quietFor: () => performance.now() - lastIssuance,
  })
  runner.start()
  let jobs: Jobs | undefined
  let stopNudges: () => Promise<void> = async () => undefined
  const stop = async (): Promise<void> => {
    await stopNudges()
    await jobs?.stop()
    await responder.stop(onFault)
    await runner.stop()
  }
  try {
    onStep('read models')
    await settled()
    onStep('acts that a stop has interrupted')
    await goOn(true)
    jobs = await openJobs(
      [
        { name: 'publishCrl', everySeconds: 60, run: () => crls.publish(ca, policy.crl) },
        { name: 'publishRootCrl', everySeconds: 3600, run: () => crls.publish(rootCa, rootRhythm(policy)) },
        { name: 'resume', everySeconds: 60, run: () => goOn(false) },
        ...careJobs({ service, db, inTurn }),
        noticesJob({ service, db, issuer: ca.id, outbox, settled }),
        { name: 'endOfLife', everySeconds: 60, run: () => revokeAll(ending) },
        ...responder.jobs,
        destructionsJob({ ...{ service, ...vault, db, inTurn, settled }, keep: documents.put }),
        ...stock.jobs,
      ],
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
  } catch (error) {
    await stop()
    throw error
  }

  const faults = jobs.faults
  const services: Services = {
    ...{ policy, release, now, newId: randomUUID, handle, actors, program, db, documents, cards },
    drawSerial: () => drawSerial(randomBytes),
    load: ledger.load,
    accounts: openAccounts(join(dataDir, 'accounts.json')),
    posts: openPosts({ service, db, settled, blind }),
    registers: openRegisters({ dataDir, key: custody.registersKey }),
    subjectMac,
    reads: {
      waitFor: (position, ms) => runner.waitFor(position, ms),
      caughtUp,
      position: () => runner.status().find(({ name }) => name === certificateStatus.name)?.position,
      lagSeconds: () => runner.lagSeconds(now()),
      blind,
    },
    issuance: {
      inTurn,
      issue: (id) => {
        lastIssuance = performance.now()
        return inTurn(id, () => issueCertificate(issuance, id))
      },
      undo: (id, why) => inTurn(id, () => undoIssuance(issuance, id, why)),
    },
    cardCare: {
      unblock: (id) => inTurn(`card ${id}`, () => unblockCard({ service, cards }, id)),
      revoke: (id) => inTurn(`card ${id}`, () => revokeOfCard({ service, cards }, id)),
    },
    renewal: renewals,
    recovery: {
      execute: (id, how) => inTurn(id, () => recoverKey({ ...recovering, ca, root }, id, how)),
      discard: (id) => inTurn(id, () => removeOutputsOf(recovering, id)),
      deliveries,
    },
    authority: { ca, root, rootCa, ...responder.answering },
    alarms: async () => {
      const late = await openSince(db, addHours(now(), -policy.revocation.hours))
      return { 'revocation delay': late === 0 ? true : `${late} past its time`, 'key stock': stock.alarm() }
    },
    endOfLife: {
      observe: () => observeEnd(ending),
      glance: () => glanceAtEnd(ending),
      serialsSha256: (upTo) => serialsSha256(db, ca.id, upTo),
      destroyKey: keys.destroy,
    },
    health: async () => ({
      ledger: await stateOf(() => ledger.load(document, 'cgu'), 'out of reach'),
      custody: await stateOf(vault.requireHeld, 'out of reach'),
      keys: await custody.keysHealth(),
      readModels: runner.lagSeconds(now()) <= policy.ocsp.maxLagSeconds ? true : 'behind the ledger',
      crl: await stateOf(() => crls.requireFresh([ca, rootCa]), 'out of date'),
      ...Object.fromEntries([...faults()].map(([job, { name }]) => [`job ${job}`, name])),
    }),
  }
  return { services, service, ledger, chain, runner, jobs, settled, stop }
}
