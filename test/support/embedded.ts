// The whole product in one process, in a temporary directory, on a clock that stands still until it is moved.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createApp, type Limits } from '../../api/app.ts'
import type { Services } from '../../api/services.ts'
import { addAccount, openAccounts } from '../../cli/accountsFile.ts'
import { createActors } from '../../commands/actors.ts'
import { holdCeremony } from '../../commands/ceremony.ts'
import { createHandle } from '../../commands/handle.ts'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { issueCrl } from '../../commands/issueCrl.ts'
import { drawSerial, type Service } from '../../commands/program.ts'
import { recoverKey } from '../../commands/recoverKey.ts'
import { ensureResponder } from '../../commands/responder.ts'
import { undoIssuance } from '../../commands/undoIssuance.ts'
import { document } from '../../domain/document.ts'
import type { Role } from '../../domain/lists.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { parsePolicy, type Policy } from '../../domain/policy/policy.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { LedgerFault } from '../../ledger/store.ts'
import { openVault } from '../../hsm/vault.ts'
import type { Deliveries } from '../../pki/custody.ts'
import { certificateStatus } from '../../projections/certificateStatus.ts'
import { crl } from '../../projections/crl.ts'
import { history } from '../../projections/history.ts'
import { openIntents } from '../../projections/intents.ts'
import { createRunner } from '../../projections/runner.ts'
import { crlEntriesUpTo, latestCrl } from '../../readmodels/apiQueries.ts'
import { openDatabase } from '../../readmodels/database.ts'
import { openKeys } from '../hsm/custody.ts'
import * as scratch from './zzScratch.ts'

const root = new URL('../../', import.meta.url)

/** The shipped policy with keys that are made and used quickly. */
const quickPolicy = async (): Promise<Policy> => {
  const shipped = JSON.parse(
    await readFile(new URL('domain/policy/ac-confidentialite-mef-qualifiee.json', root), 'utf8'),
  ) as Policy
  return parsePolicy({
    ...shipped,
    root: { ...shipped.root, algorithm: 'ecP384' },
    issuing: { ...shipped.issuing, algorithm: 'ecP384' },
  })
}

export type Person = Readonly<{ token: string; person: string; headers: { authorization: string } }>

export type Embedded = Readonly<{
  app: FastifyInstance
  services: Services
  policy: Policy
  /** The clock stands still; this moves it. */
  pass: (seconds: number) => Promise<void>
  /** What the responder is told about how far its table is behind; undefined: the truth. */
  lag: (seconds: number | undefined) => void
  account: (id: string, roles: readonly Role[], more?: { person?: string; entities?: string[] }) => Person
  /** While it lasts, the ledger gives no answer. */
  outage: (lasts: boolean) => void
  /** While it lasts, answers are lost on their way: what they delivered stays in custody. */
  lossy: (lasts: boolean) => void
  /** Issues the next CRL, and waits until it can be fetched. */
  publish: () => Promise<number>
  /** Waits until every read model has taken in every fact. */
  settle: () => Promise<void>
  /** Every route that there is, as `GET /path/{parameter}`; HEAD, the documentation and its own aliases left out. */
  routes: () => readonly string[]
  /** Lines that the API logged. */
  logged: () => string
  /** Types of the events of every journal, with what is sealed in them. */
  journal: () => Promise<readonly { type: string; data: Readonly<Record<string, unknown>> }[]>
  close: () => Promise<void>
}>

export const openEmbedded = async (limits: Partial<Limits> = {}): Promise<Embedded> => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const policy = await quickPolicy()
  const cguText = await readFile(new URL('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt', root), 'utf8')
  let at = '2026-03-02T09:00:00Z'
  const now = (): string => at
  let isOut = false
  let isLossy = false
  const keys = await openKeys(directory)
  const vault = await openVault({ directory: join(directory, 'vault'), keys, now })
  const store = scratch.memoryLedger(now)
  const unlessOut =
    <A extends readonly unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (isOut) throw new LedgerFault('no answer from the ledger')
      return act(...args)
    }
  const load: Ledger['load'] = async (aggregate, id) => unlessOut(() => store.load(aggregate, id))()
  const ledger: Ledger = { ...store, load, append: unlessOut(store.append) }
  const { db, close: closeDb } = await openDatabase({ memory: true })
  const handle = createHandle({ ledger, policy: policy.version, release: 'test' })
  const actors = createActors({ handle, journals: vault.journals, now, newId: randomUUID })
  const program = {
    id: 'program',
    kind: 'component',
    person: randomUUID(),
    entities: [],
    auth: 'service',
  } as const
  const service: Service = {
    ...{ handle, ledger, policy, now, randomBytes },
    actor: () => actors(program, 'program'),
  }
  const { escrow } = vault
  const cards = scratch.memoryCards()
  const deliveries: Deliveries = {
    ...vault.deliveries,
    remove: async (digest) => {
      if (!isLossy) await vault.deliveries.remove(digest)
    },
  }
  const { root: rootDer, ca } = await holdCeremony(service, keys, () => undefined)
  const runner = createRunner({
    ledger,
    db,
    projections: [certificateStatus, crl, history, openIntents],
    now,
    watchMs: 20,
  })
  runner.start()
  const settle = async (): Promise<void> => {
    const head = await ledger.head()
    if (head !== undefined && !(await runner.waitFor(head, 10_000)))
      throw new Error('the read models are stuck')
  }
  const issuance = { service, ca, escrow, cards }
  const search = await keys.mac('search')
  const lines: string[] = []
  let pretended: number | undefined
  const accountsFile = join(directory, 'accounts.json')
  const services: Services = {
    ...{ policy, release: 'test', now, newId: randomUUID, handle, actors, program, db, cguText, cards },
    drawSerial: () => drawSerial(randomBytes),
    load: ledger.load,
    accounts: openAccounts(accountsFile),
    reads: {
      waitFor: (position, ms) => runner.waitFor(position, ms),
      position: () => runner.status()[0]?.position,
      lagSeconds: () => pretended ?? runner.lagSeconds(now()),
      blind: (kind, normalised) => search.compute(`${kind}|${normalised}`).toString('hex'),
    },
    issuance: {
      issue: (id) => issueCertificate(issuance, id),
      undo: (id, why) => undoIssuance({ service, cards }, id, why),
      oldKeys: async () => [],
    },
    recovery: {
      execute: (id, secret) => recoverKey({ service, escrow, deliveries, ca, root: rootDer }, id, secret),
      deliveries,
    },
    authority: { ca, root: rootDer, responder: () => ensureResponder(service, { keys, ca }) },
    health: async () => ({
      ledger: await ledger.load(document, 'cgu').then(
        () => true as const,
        () => 'out of reach',
      ),
    }),
  }
  await services.authority.responder()
  await settle()
  const app = await createApp(services, {
    log: { level: 'trace', stream: { write: (line) => lines.push(line) } },
    limits,
  })
  return {
    ...{ app, services, policy, settle },
    pass: async (seconds) => {
      at = addSeconds(at, seconds)
      // The read models have to look at the ledger again before they may say that they are not behind.
      while (runner.lagSeconds(at) > 0) await sleep(5)
    },
    lag: (seconds) => {
      pretended = seconds
    },
    outage: (lasts) => {
      isOut = lasts
    },
    lossy: (lasts) => {
      isLossy = lasts
    },
    account: (id, roles, more = {}) => {
      const { token, person } = addAccount(accountsFile, { id, roles, ...more }, new Date())
      return { token, person, headers: { authorization: `Bearer ${token}` } }
    },
    publish: async () => {
      await settle()
      const number = await issueCrl(service, ca, {
        size: async () => {
          await settle()
          return runner.status()[0]?.size ?? 0
        },
        lastNumber: async () => (await latestCrl(db, ca.id))?.number ?? 0,
        entriesUpTo: (size) => crlEntriesUpTo(db, ca.id, size),
        tableSha256: async () => '0'.repeat(64),
      })
      await settle()
      return number
    },
    routes: () => routesOf(app),
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
      await runner.stop()
      await ledger.close()
      await vault.close()
      await closeDb()
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
