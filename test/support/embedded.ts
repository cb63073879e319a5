// The whole product in one process, in a temporary directory, on a clock that stands still until it is moved.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../../api/app.ts'
import type { Limits } from '../../api/signIn/limits.ts'
import type { Services } from '../../api/services.ts'
import { addAccount } from '../../cli/accountsFile.ts'
import { readConfig, type Config } from '../../cli/config.ts'
import { openInstruments } from '../../cli/instruments.ts'
import { productSources } from '../../cli/metricSources.ts'
import { webSettings } from '../../cli/signInConfig.ts'
import { saveRegister, type DirectoryEntry } from '../../cli/registersFile.ts'
import { openCustody, openStore, type Custody } from '../../cli/parts.ts'
import type { Role } from '../../domain/lists.ts'
import type { AgentRecord } from '../../domain/policy/cardKind.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { parsePolicy, type Policy } from '../../domain/policy/policy.ts'
import type { HolderCards } from '../../hsm/holderCards.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { LedgerFault, type EventStore } from '../../ledger/store.ts'
import { compose } from '../../main.ts'
import type { Deliveries } from '../../pki/custody.ts'
import { deskInService } from '../commands/facts.ts'
import { uuid } from '../ledger/filled.ts'
import { latestCrl } from '../../readmodels/crls.ts'
import { holderKeys, transportPair } from './holderKeys.ts'
import { openSomeDatabase } from './database.ts'
import { openCopy } from './embeddedDatabase.ts'
import { partsOf } from './mail.ts'

const root = new URL('../../', import.meta.url)

const shippedFile = new URL('domain/policy/ac-confidentialite-mef-qualifiee.json', root)

/** A policy, the shipped one unless a file is named, with keys that are made and used quickly. */
const quickPolicy = async (file: string | URL = shippedFile): Promise<Policy> => {
  const shipped = JSON.parse(await readFile(file, 'utf8')) as Policy
  return parsePolicy({
    ...shipped,
    root: { ...shipped.root, algorithm: 'ecP384' },
    issuing: { ...shipped.issuing, algorithm: 'ecP384' },
    ocsp: { ...shipped.ocsp, algorithm: 'ecP256' },
  })
}

/** Desks that are in service from the start: a session is opened at none other (CGU-124). */
export const desks: readonly string[] = Array.from({ length: 60 }, (_, n) => uuid(4500 + n))

export type Person = Readonly<{ token: string; person: string; headers: { authorization: string } }>

export type Embedded = Readonly<{
  /** Its data directory. */
  dataDir: string
  app: FastifyInstance
  services: Services
  /** The keys and the vault, as a ceremony has them. */
  custody: Custody
  ledger: Ledger
  /** What the ledger is written to, also while there is an outage. */
  store: EventStore
  policy: Policy
  /** The clock stands still; this moves it. */
  pass: (seconds: number) => Promise<void>
  /** What the responder is told about how far its table is behind; undefined: the truth. */
  lag: (seconds: number | undefined) => void
  /** What the command line changes: what accounts sign in by. */
  accountsFile: string
  account: (id: string, roles: readonly Role[], more?: { person?: string; entities?: string[] }) => Person
  /** Puts an agent into the referential, in the place of whoever had his matricule; one who has none is left out. */
  enrol: (agent: Readonly<{ matricule?: string; surname?: string; givenNames?: string }>) => Promise<void>
  /** The referential as it is from now on; `[]` for none. */
  referential: (agents: readonly AgentRecord[]) => Promise<void>
  /** The RA's reference directory as it is from now on. */
  directory: (people: readonly DirectoryEntry[]) => Promise<void>
  /** Cards, as their holders use them. */
  cards: HolderCards
  /** Runs a job now. */
  run: (job: string) => Promise<void>
  /** While it lasts, the ledger gives no answer. */
  outage: (lasts: boolean) => void
  /** While it lasts, answers are lost on their way: what they delivered stays in custody. */
  lossy: (lasts: boolean) => void
  /** Issues the CRL that is due, if any, waits until it can be fetched, and says its number. */
  publish: () => Promise<number>
  /** Plans and sends every notice that is due. */
  notify: () => Promise<void>
  /** Every message that has left: its headers, and its text. */
  messages: () => Promise<readonly Readonly<{ name: string; headers: string; text: string }>[]>
  /** Waits until every read model has taken in every fact. */
  settle: () => Promise<void>
  /** Every route that there is, as `GET /path/{parameter}`; HEAD, the documentation and its own aliases left out. */
  routes: () => readonly string[]
  /** Sends the spans that wait; later ones are not sent. */
  flush: () => Promise<void>
  /** Lines that were logged. */
  logged: () => string
  /** Types of the events of every journal, with what is sealed in them. */
  journal: () => Promise<readonly { type: string; data: Readonly<Record<string, unknown>> }[]>
  close: () => Promise<void>
}>

/** A function that fails as an unreachable ledger does, while there is an outage. */
const openOutage = (store: EventStore) => {
  let isOut = false
  const check = (): void => {
    if (isOut) throw new LedgerFault('no answer from the ledger')
  }
  const wrapped: EventStore = {
    ...store,
    append: async (...asked) => {
      check()
      return store.append(...asked)
    },
    readStream: async function* (...asked) {
      check()
      yield* store.readStream(...asked)
    },
  }
  return {
    store: wrapped,
    set: (lasts: boolean): void => {
      isOut = lasts
    },
  }
}

/**
 * @param settings more of the environment than the data directory
 * @param readModels `shipped`: the embedded one, of which every other product of the tests has a quicker copy on a server
 * @param escrow in the place of the vault's own: one whose rows the test can write
 */
export const openEmbedded = async (
  limits: Partial<Limits> = {},
  settings: Readonly<Record<string, string>> = {},
  readModels: 'shipped' | 'quick' = 'quick',
  escrow?: Custody['vault']['escrow'],
): Promise<Embedded> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const policy = await quickPolicy(settings['POLICY_FILE'])
  const config: Config = { ...readConfig({ ESCROW_STOCK: '0', ...settings, DATA_DIR: directory }), policy }
  let at = '2026-03-02T09:00:00Z'
  const clock = (): Date => new Date(at)
  const custody = await openCustody(config, { clock, cost: 2, holderKeys: holderKeys(), transportPair })
  let isLossy = false
  const { deliveries } = custody.vault
  const remove: Deliveries['remove'] = async (digest) => {
    if (!isLossy) await deliveries.remove(digest)
  }
  const own = escrow === undefined ? {} : { escrow }
  const vault = { ...custody.vault, ...own, deliveries: { ...deliveries, remove } }
  const embedded = await openStore(config, { clock })
  const outage = openOutage(embedded)
  const database = readModels === 'shipped' ? await openCopy() : await openSomeDatabase()
  const instruments = await openInstruments(config, { release: 'test' })
  const parts = { store: outage.store, custody: { ...custody, vault }, database, clock }
  const lines: string[] = []
  const log: Partial<Pick<FastifyInstance, 'log'>> = {}
  const product = await compose(config, instruments.over(parts), {
    ...{ release: 'test', watchMs: 20, passphraseIterations: 1000, measure: instruments.measure },
    onFault: (job, err) => log.log?.error({ err, job }, 'a job failed'),
  })
  const { runner, jobs, ledger, chain, settled } = product
  await Promise.all(desks.map((desk) => deskInService(desk)(product.service.handle, desk)))
  let pretended: number | undefined
  const lagSeconds = (): number => pretended ?? product.services.reads.lagSeconds()
  const services = { ...product.services, reads: { ...product.services.reads, lagSeconds } }
  const app = await createApp(services, {
    log: { level: 'trace', stream: { write: (line) => lines.push(line) } },
    ...webSettings(config),
    limits: { ...config.signIn.limits, commands: 100_000, reads: 100_000, ...limits },
    ...instruments.app,
  })
  log.log = app.log
  const sources = { ...productSources(product), ...instruments.machine(parts).sources }
  await instruments.show(sources, services, () => undefined)
  const registers = { dataDir: directory, key: custody.registersKey }
  const agents = new Map<string, AgentRecord>()
  const enrol: Embedded['enrol'] = async ({ matricule, surname, givenNames }) => {
    if (matricule === undefined || surname === undefined || givenNames === undefined) return
    agents.set(matricule, { matricule, surname, givenNames, active: true })
    await saveRegister(registers, 'referential', [...agents.values()])
  }
  await enrol({ matricule: '0012345678', surname: "D'Été-Brûlé", givenNames: 'Zoë Maëlle' })
  const accountsFile = join(directory, 'accounts.json')
  return {
    ...{
      dataDir: directory,
      app,
      services,
      custody,
      ledger,
      store: embedded,
      policy,
      accountsFile,
      cards: custody.cards as HolderCards,
    },
    run: (job) => jobs.runNow(job),
    settle: settled,
    pass: async (seconds) => {
      at = addSeconds(at, seconds)
      // The read models have to look at the ledger again before they may say that they are not behind.
      while (runner.lagSeconds(at) > 0) await sleep(5)
    },
    lag: (seconds) => {
      pretended = seconds
    },
    enrol,
    referential: async (known) => {
      agents.clear()
      for (const one of known) agents.set(one.matricule, one)
      await saveRegister(registers, 'referential', known)
    },
    directory: (people) => saveRegister(registers, 'directory', people),
    outage: outage.set,
    lossy: (lasts) => {
      isLossy = lasts
    },
    account: (id, roles, more = {}) => {
      const { token, person } = addAccount(accountsFile, { id, roles, ...more }, new Date())
      return { token, person, headers: { authorization: `Bearer ${token}` } }
    },
    notify: () => jobs.runNow('notices'),
    messages: async () => {
      const outbox = join(directory, 'outbox')
      const names = (await readdir(outbox)).filter((name) => name.endsWith('.eml')).sort()
      return Promise.all(
        names.map(async (name) => {
          return { name, ...partsOf(await readFile(join(outbox, name), 'latin1')) }
        }),
      )
    },
    publish: async () => {
      await settled()
      await jobs.runNow('publishCrl')
      return (await latestCrl(database.db, chain.ca.id))?.number ?? 0
    },
    routes: () => routesOf(app),
    flush: instruments.close,
    logged: () => lines.join(''),
    journal: async () => {
      const found = []
      for await (const entry of ledger.entries())
        if (entry.stream.startsWith('journal-')) {
          const { type, pub, sealed } = await ledger.open(entry)
          found.push({ type, data: { ...pub, ...sealed } })
        }
      return found
    },
    close: async () => {
      await app.close()
      await product.stop()
      await instruments.close()
      await embedded.close()
      await custody.close()
      await database.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** The router's own tree, flattened. */
const routesOf = (app: FastifyInstance): readonly string[] => {
  const found: string[] = []
  const path: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([\s│]*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (match === null) continue
    const [, indent = '', part = '', methods = ''] = match
    path.length = indent.length / 4
    path.push(part)
    const url = path.join('').replace(/:(\w+)/g, '{$1}')
    for (const method of methods.split(', ').filter((one) => one !== '' && one !== 'HEAD'))
      found.push(`${method} ${url}`)
  }
  return found
    .filter((name) => !/ \/docs|openapi\.json|POST \/ac-online-mef-qualifiees$/.test(name))
    .map((name) => name.replace('*', '{request}'))
}
