// The rehearsal of a restore: a population's ledger goes out of one adapter and into the other, the read models are rebuilt from what
// came back, and nothing tells the difference; then the same way home.
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../api/app.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import { isSystem } from '../../ledger/body.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { exportLedger } from '../../ledger/export.ts'
import { importLedger, type Imported } from '../../ledger/importLedger.ts'
import { placeOf, standingOf, textOfPlace, type Place } from '../../ledger/place.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { EventStore, RecordedEvent } from '../../ledger/store.ts'
import type { Projection } from '../../projections/projection.ts'
import { readModels } from '../../projections/readModels.ts'
import { createRunner, type Runner } from '../../projections/runner.ts'
import { latestCrl } from '../../readmodels/crls.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { statusDigestAt } from '../../readmodels/statusTable.ts'
import { temporaryDirectory } from '../hsm/custody.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { dump, type Dump } from '../projections/databases.ts'
import { everyLife, projections as lives, tell } from '../projections/lives.ts'
import { livePopulation } from '../projections/population.ts'
import { client } from '../support/client.ts'
import { openSomeDatabase } from '../support/database.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { openNode, type OwnNode } from '../support/eventstoredb/openNode.ts'
import { done } from '../support/life.ts'
import { approveRun, officerWithKey } from '../support/officers.ts'

const eightYears = 8 * 366 * 86_400

/** CGU-114: the journals of eight years ago are destroyed, on two persons' word. */
const destroyJournals = async (product: Embedded): Promise<void> => {
  const archivist = client(product.app, product.account('av', ['archivist']).headers)
  await product.pass(eightYears)
  await product.settle()
  const officers = [
    await officerWithKey(product, 'ca-2', 'caOfficer'),
    await officerWithKey(product, 'so-2', 'securityOfficer'),
  ]
  const { id } = done(await archivist.post('/destructions', { class: 'journal' }))
  const { listSha256 } = (await archivist.get(`/destructions/${id}`)).json<{ listSha256: string }>()
  const visa = { visaSha256: 'a'.repeat(64), grantedOn: '2034-01-02', reference: 'bordereau 12' }
  done(await archivist.post(`/destructions/${id}/visa`, visa))
  for (const officer of officers) done(await approveRun(officer, id, listSha256))
  await product.settle()
  await product.run('destructions')
}

/** Positions are of a store; everything else of a checkpoint is of the ledger. */
const withoutPositions = (dumped: Dump): Dump => ({
  ...dumped,
  projection_checkpoint: dumped['projection_checkpoint']!.map((row) =>
    JSON.stringify({ ...(JSON.parse(row) as object), commit_position: null, prepare_position: null }),
  ),
})

type Facts = readonly Readonly<{ stream: string; revision: number; id: string; type: string; data: string }>[]
const factsOf = async (store: EventStore): Promise<Facts> => {
  const facts = []
  for await (const record of store.readAll()) {
    const { stream, revision, id, type, data } = record
    if (!isSystem(record)) facts.push({ stream, revision, id, type, data: Buffer.from(data).toString() })
  }
  return facts
}

let product: Embedded
let projections: readonly Projection[]
let issuer: string
let directory: string
let node: OwnNode
/** The ledger in EventStoreDB, and home again in a directory. */
let away: EventStore
let home: EventStore
let imported: readonly [Imported, Imported]
let before: Dump
const databases: OpenDatabase[] = []

const openRows = async (): Promise<OpenDatabase['db']> => {
  const database = await openSomeDatabase()
  databases.push(database)
  return database.db
}

const carry = async (from: EventStore, to: EventStore, atOnce: number): Promise<Imported> => {
  const { log, version } = product.policy
  const lines: string[] = []
  const exporting = { log, decode: decodeAny, policy: version, release: 'test' }
  for await (const line of exportLedger(from, exporting)) lines.push(`${line}\n`)
  const file = async function* (): AsyncGenerator<Uint8Array> {
    for (const line of lines) yield Buffer.from(line)
  }
  return importLedger(to, file, { log, decode: decodeAny, atOnce })
}

/** The restored ledger, opened with the keys of the installation. */
const ledgerOn = (store: EventStore): Ledger => {
  const parts = { keys: memoryKeys(), log: product.policy.log, randomBytes: seededBytes() }
  const now = (): Date => new Date(product.services.now())
  return { ...createLedger({ ...parts, store, now }), open: product.ledger.open }
}

/** What relying parties get where the read models are in this database. */
const fetchList = async (db: OpenDatabase['db']): Promise<Buffer> => {
  const app = await createApp({ ...product.services, db })
  try {
    const { statusCode, rawPayload } = await app.inject('/ac-confidentialite-mef-qualifiee.crl')
    expect(statusCode).toBe(200)
    return rawPayload
  } finally {
    await app.close()
  }
}

const runnerOn = (ledger: Ledger, db: OpenDatabase['db']): Runner =>
  createRunner({ ledger, db, projections, now: product.services.now })

beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
  projections = readModels(product.services.reads.blind)
  issuer = product.services.authority.ca.id
  await livePopulation(product)
  await destroyJournals(product)
  await product.publish()
  for (const [n, fact] of everyLife().entries()) await fact(product.services.handle, uuid(70_000 + n))
  // From here on nothing is written: what a job would do now is of the next backup.
  product.outage(true)
  await product.settle()
  before = withoutPositions(await dump(product.services.db, projections))
  directory = await temporaryDirectory()
  node = await openNode()
  away = await openEventStoreDb({ connectionString: node.connectionString })
  home = await openEmbeddedStore({ path: join(directory, 'ledger') })
  imported = [await carry(product.store, away, 1), await carry(away, home, 256)]
}, 300_000)
afterAll(async () => {
  await away.close()
  await home.close()
  await node.close()
  for (const { close } of databases) await close()
  await rm(directory, { recursive: true })
  await product.close()
})

describe('a ledger that was given back', () => {
  it('holds every event of a full population in its order, with one root in all three stores', async () => {
    const facts = await factsOf(product.store)
    expect(await factsOf(away)).toEqual(facts)
    expect(await factsOf(home)).toEqual(facts)
    expect(facts.length).toBeGreaterThan(350)
    const [one, other] = imported
    expect([one.verified.found, other.verified.found]).toEqual([0, 0])
    expect([one.head.root, other.head.root]).toEqual([one.verified.root, one.verified.root])
    for (const type of [
      'CertificateRevoked',
      'KeyRecovered',
      'DataDestroyed',
      'TerminationDeclared',
      'CrlIssued',
    ])
      expect(facts.map((fact) => fact.type)).toContain(type)
    for (const [table, rows] of Object.entries(before)) expect(rows.length, table).toBeGreaterThan(0)
  })

  /** Everything that is told from the read models in `db`. */
  const expectSame = async (db: OpenDatabase['db']): Promise<void> => {
    expect(withoutPositions(await dump(db, projections))).toEqual(before)
    // CGU-76: the last list byte for byte, as it is fetched, and the status of each certificate.
    const [list, other] = [await fetchList(product.services.db), await fetchList(db)]
    expect(list.length).toBeGreaterThan(200)
    expect(other.equals(list)).toBe(true)
    const last = await latestCrl(product.services.db, issuer)
    expect(createHash('sha256').update(other).digest('hex')).toBe(last?.sha256)
    const size = imported[0].head.size
    expect(await statusDigestAt(db, size)).toBe(await statusDigestAt(product.services.db, size))
  }

  it('in EventStoreDB: every read model rebuilt from it is the one before, row for row', async () => {
    const db = await openRows()
    await runnerOn(ledgerOn(away), db).rebuild('all')
    await expectSame(db)
  })

  it('in the embedded store: read models filled from another store are built anew by themselves, row for row', async () => {
    const db = await openRows()
    await runnerOn(ledgerOn(product.store), db).rebuild('all')
    const ledger = ledgerOn(home)
    const head = (await ledger.head())!
    const follow = async (): Promise<void> => {
      await db.updateTable('history').set({ role: 'tampered' }).execute()
      const runner = runnerOn(ledger, db)
      runner.start()
      expect(await runner.waitFor(head, 120_000)).toBe(true)
      await runner.stop()
    }
    await follow()
    await expectSame(db)
    // The next start finds them its own, and leaves them as they are.
    await follow()
    const roles = await db.selectFrom('history').select('role').distinct().execute()
    expect(roles).toEqual([{ role: 'tampered' }])
  })
})

describe('what was kept outside the ledger', () => {
  it('of a ledger that has lost what they were filled from, read models stop, and say so at once', async () => {
    const records: RecordedEvent[] = []
    const { now } = await tell(everyLife(), memoryKeys(), records)
    const on = (list: RecordedEvent[]): Ledger =>
      createLedger({
        ...{ store: openListStore(list), keys: memoryKeys(), log, randomBytes: seededBytes() },
        now: () => new Date(now()),
      })
    const db = await openRows()
    const parts = { db, projections: lives, now }
    await createRunner({ ...parts, ledger: on(records) }).rebuild('all')
    const older = on(records.slice(0, -3))
    const runner = createRunner({ ...parts, ledger: older })
    const statesNow = () => [...new Set(runner.status().map(({ state }) => state))]
    runner.start()
    expect(await runner.waitFor((await older.head())!, 120_000)).toBe(false)
    expect(statesNow()).toEqual(['failed'])
    expect(runner.status()[0]?.error).toMatch(/^the log no longer holds what was read at /)
    await runner.stop()
    // Whoever wants the older ledger says so.
    await runner.rebuild('all')
    expect(runner.status().map(({ size }) => size)).toContain(records.length - 3)
  })

  it('CGU-116: up to where the vault has carried out destructions: an event, by which another store is told', async () => {
    let last: Place | undefined
    for await (const entry of ledgerOn(product.store).entries()) last = entry
    const place = placeOf(textOfPlace(last!))!
    expect(place).toEqual({
      ...{ position: last!.position, stream: last!.stream, revision: last!.revision, id: last!.id },
    })
    expect(await standingOf(ledgerOn(product.store), place)).toBe('here')
    for (const store of [away, home]) expect(await standingOf(ledgerOn(store), place)).toBe('elsewhere')
    expect(await standingOf(ledgerOn(home), { ...place, revision: 99 })).toBe('gone')
    expect(await standingOf(ledgerOn(home), { ...place, stream: 'key-none' })).toBe('gone')
    expect(placeOf('12/12')).toBe(undefined)
  })
})
