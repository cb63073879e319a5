// A rebuilt read model against the one that followed the same lives as they went on, over HTTP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authority } from '../../domain/authority.ts'
import type { CrlEvent } from '../../domain/crl.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import type { Role } from '../../domain/lists.ts'
import { statusDigest } from '../../jobs/statusDigest.ts'
import type { Projection } from '../../projections/projection.ts'
import { readModels } from '../../projections/readModels.ts'
import { createRunner, type Runner } from '../../projections/runner.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { statusTableAt } from '../../readmodels/statusTable.ts'
import { lives as authorities, revocation as revocationOfCa } from '../commands/endOfLifeFacts.ts'
import { uuid } from '../ledger/filled.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { on } from '../support/given.ts'
import {
  desk,
  done,
  employer,
  inUse,
  issued,
  mandated,
  requested,
  revocation,
  validated,
  type Issued,
} from '../support/life.ts'
import { recovered } from '../support/recoveredLife.ts'
import { databases, dump } from './databases.ts'

/** What stands around a certificate: mandates, a dispute, a hold; its renewal, asked when its end is near; the authority's end. */
const around = async (product: Embedded, life: Issued): Promise<void> => {
  const as = (id: string, role: Role) => client(product.app, product.account(id, [role]).headers)
  const ca = as('ca-1', 'caOfficer')
  await mandated(product, life, { id: 'mc-1' })
  const { mandate: left } = await mandated(product, life, { id: 'mc-2' })
  done(await life.ra.post(`/appointments/${left}/end`, { cause: 'departure', effectiveOn: '2026-04-30' }))
  done(await life.ra.post(`/entities/${life.entity}/verification`, employer))
  const dispute = { holder: life.person, channel: 'phone', tool: 'assistance', ticket: 'TK-2026-0017' }
  done(await as('support-1', 'supportAgent').post('/disputes', dispute))
  done(await ca.post('/holds', { units: [`reg/${life.request}`], reference: 'réquisition' }))
  const near = Date.parse('2028-12-10T00:00:00Z') - Date.parse(product.services.now())
  await product.pass(near / 1000)
  const demand = { cguVersion: product.policy.cgu.version, directoryAgreed: true }
  done(await life.holder.post(`/certificates/${life.serial}/renewal`, demand))
  const [{ id: authority }] = (await ca.get('/authorities')).json<{ authorities: [{ id: string }] }>()
    .authorities
  const end = { kind: 'total', actingParty: 'ca', ceasesOn: '2029-12-31', deedSha256: 'd'.repeat(64) }
  done(await ca.post(`/authorities/${authority}/termination`, end))
  await product.notify()
}

/** An authority that its root is about to revoke (CGU-91). */
const doomed = async (product: Embedded): Promise<void> => {
  const { issuer: _, ...data } = revocationOfCa
  const last = { type: 'CaRevocationPlanned', data } as const
  await on(authority, 'e'.repeat(16), ...authorities.transferred, last)(product.services.handle, uuid(9700))
}

/** Lives that come to every end there is. */
const live = async (product: Embedded): Promise<void> => {
  await requested(product)
  const kept = await inUse(product)
  await recovered(product, kept)
  await product.pass(61)

  const lost = await inUse(product)
  done(await lost.holder.post(`/certificates/${lost.serial}/revocation`, revocation))
  await product.publish()
  await product.pass(61)

  const refused = await issued(product)
  const shown = done(await refused.holder.post(`/certificates/${refused.serial}/presentation`))
  const { presentedSha256, presentedAt } = shown
  const refusal = { presentedSha256, presentedAt, cause: 'contentWrong' }
  done(await refused.holder.post(`/certificates/${refused.serial}/refusal`, refusal))
  await product.publish()

  await around(product, kept)

  const left = await validated(product)
  done(await left.ra.post(`/requests/${left.request}/sessions`, desk))
  const abandonment = { outcome: 'holderLeft' }
  done(await left.ra.post(`/requests/${left.request}/sessions/current/abandonment`, abandonment))
  await doomed(product)
  // The session of this one stays open.
  await issued(product)
  await product.publish()
  await product.notify()
}

type Following = Readonly<{ database: OpenDatabase; runner: Runner }>

describe('read models that followed, and read models that are rebuilt', () => {
  let product: Embedded
  let projections: readonly Projection[]
  const following = new Map<string, Following>()
  const now = (): string => product.services.now()

  beforeAll(async () => {
    product = await openEmbedded()
    projections = readModels(product.services.reads.blind)
    for (const [name, open] of databases) {
      const database = await open()
      const runner = createRunner({ ledger: product.ledger, db: database.db, projections, now })
      following.set(name, { database, runner })
      runner.start()
    }
    await live(product)
    const head = await product.ledger.head()
    for (const { runner } of following.values()) {
      expect(await runner.waitFor(head!, 60_000)).toBe(true)
      await runner.stop()
    }
  }, 300_000)
  afterAll(async () => {
    for (const { database, runner } of following.values()) {
      await runner.stop()
      await database.close()
    }
    await product.close()
  })

  it('the lives have left rows in every table', async () => {
    for (const [table, rows] of Object.entries(await dump(product.services.db, projections)))
      expect(rows.length, table).toBeGreaterThan(0)
  })

  it.each(databases)('on %s, a rebuilt read model equals the live one, row for row', async (kind) => {
    const { db } = following.get(kind)!.database
    const before = await dump(db, projections)
    const seen: number[] = []
    const rebuilding = createRunner({ ledger: product.ledger, db, projections, now, bulk: 50 })
    await rebuilding.rebuild('all', (size, total) => seen.push(size / total))
    expect(await dump(db, projections)).toEqual(before)
    expect(seen.at(-1)).toBe(1)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  it.each(databases)('on %s, built from nothing it is the product’s own, row for row', async (_, open) => {
    const { db, close } = await open()
    try {
      await createRunner({ ledger: product.ledger, db, projections, now }).rebuild('all')
      expect(await dump(db, projections)).toEqual(await dump(product.services.db, projections))
    } finally {
      await close()
    }
  })

  it('CGU-76: the digest that each CRL recorded is that of the rebuilt table as it stood', async () => {
    const { db } = following.get('PGlite')!.database
    await createRunner({ ledger: product.ledger, db, projections, now }).rebuild('all')
    const recorded: string[] = []
    const found: string[] = []
    let upTo = 0
    for await (const entry of product.ledger.entries()) {
      if (!entry.stream.startsWith('crl-')) continue
      const { type, data } = decodeAny(entry.stream, product.ledger.publicPart(entry)) as CrlEvent
      if (type === 'CrlPlanned') ({ upTo } = data)
      if (type !== 'CrlIssued') continue
      recorded.push(data.statusTableSha256)
      found.push(await statusDigest(statusTableAt(db, upTo)))
    }
    expect(recorded.length).toBeGreaterThan(2)
    expect(found).toEqual(recorded)
  })
})
