// A rebuilt read model against the one that followed the same lives as they went on, over HTTP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CrlEvent } from '../../domain/crl.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import type { Projection } from '../../projections/projection.ts'
import { readModels } from '../../projections/readModels.ts'
import { createRunner, type Runner } from '../../projections/runner.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { statusDigestAt } from '../../readmodels/statusTable.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { databases, dump } from './databases.ts'
import { livePopulation } from './population.ts'

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
    await livePopulation(product)
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
      found.push(await statusDigestAt(db, upTo))
    }
    expect(recorded.length).toBeGreaterThan(2)
    expect(found).toEqual(recorded)
  })
})
