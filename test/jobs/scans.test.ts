// What comes due by dates alone, in a whole product: the report of each month, and what the scans find.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeForms } from '../../cli/complianceFiles.ts'
import { monthsBefore } from '../../jobs/complianceReports.ts'
import { document } from '../../domain/document.ts'
import type { ComplianceReport } from '../../projections/compliance/report.ts'
import { client } from '../support/client.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded({ api: 100_000 })
})
afterAll(() => product.close())

const alarms = async () =>
  (await product.app.inject('/readyz')).json<{ alarms: Record<string, true | string> }>().alarms

it('CGU-122, CGU-123: each month that is over has its report once, by its digest; a control that is due is an alarm', async () => {
  await product.pass(62 * 86_400)
  await product.run('complianceReport')
  await product.run('complianceReport')
  const { versions } = (await product.ledger.load(document, 'complianceReport')).state
  expect(versions.map(({ version }) => version)).toEqual(['2026-03', '2026-04'])
  const names = await readdir(join(product.dataDir, 'reports'))
  expect(names).toHaveLength(6)
  const json = await readFile(join(product.dataDir, 'reports', 'conformite-2026-03-01-2026-03-31.json'))
  expect(createHash('sha256').update(json).digest('hex')).toBe(versions[0]?.sha256)
  expect(JSON.parse(json.toString())).toMatchObject({ period: { from: '2026-03-01', to: '2026-03-31' } })
  const ca = client(product.app, product.account('ca-1', ['caOfficer']).headers)
  const adopted = { version: '2026-05', sha256: 'a'.repeat(64), effectiveFrom: '2031-01-01T00:00:00Z' }
  const refused = await ca.post('/documents/complianceReport/versions', adopted)
  expect(refused.json()).toMatchObject({ code: 'OUT_OF_ORDER' })

  await product.run('controlScan')
  await product.run('retentionScan')
  expect(await alarms()).toMatchObject({ controls: true, retention: true })
  // Whoever has not scanned himself looks when he is asked: after a start, or where another worker had the turn.
  await product.pass(3 * 365 * 86_400)
  await product.settle()
  expect((await alarms())['controls']).toMatch(/^60 due, of which 60 are not ordered/)
  await product.pass(8 * 365 * 86_400)
  await product.settle()
  expect((await alarms())['retention']).toMatch(/^past their term, and in no run: \d+ of /)
}, 120_000)

it('CGU-122: a report is there as a whole or not at all: one that is there is not made again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-'))
  const report = { period: { from: '2026-03-01', to: '2026-03-31' }, sections: 'x'.repeat(50_000_000) }
  const writing = writeForms(report as unknown as ComplianceReport, directory, ['json'])
  const file = join(directory, 'conformite-2026-03-01-2026-03-31.json')
  const sizes = new Set<number>()
  for (;;) {
    const found = await stat(file).catch(() => undefined)
    if (found !== undefined) sizes.add(found.size)
    if (found !== undefined && found.size > 50_000_000) break
  }
  expect(await writing).toEqual([file])
  expect([...sizes]).toEqual([(await stat(file)).size])
  await expect(writeForms(report as unknown as ComplianceReport, directory, ['json'])).rejects.toThrow(
    'EEXIST',
  )
  await rm(directory, { recursive: true })
})

it('CGU-122: months that are over, newest first, from the one in which the ledger began, a year at most', () => {
  expect(monthsBefore('2026-03-01', '2026-01-31')).toEqual([
    { from: '2026-02-01', to: '2026-02-28' },
    { from: '2026-01-01', to: '2026-01-31' },
  ])
  expect(monthsBefore('2026-03-31', '2026-03-01')).toEqual([])
  expect(monthsBefore('2030-01-01', '2026-01-01')).toHaveLength(12)
})
