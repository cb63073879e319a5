import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compliance } from '../../cli/compliance.ts'
import { openOutput } from '../../cli/output.ts'
import { dayOf } from '../../domain/policy/dates.ts'
import type { ComplianceReport } from '../../projections/compliance/report.ts'
import { openSite, type Ended, type Env, type Site } from './grandLivre.ts'

let site: Site
let database: Env
let beside: Ended
const days = () => {
  const today = dayOf(new Date().toISOString())
  return ['--from', `${today.slice(0, 4)}-01-01`, '--to', today]
}

beforeAll(async () => {
  site = openSite()
  database = await site.onServer()
  const service = await site.start(database)
  beside = await site.run(['compliance', ...days(), '--json'])
  await service.stop()
})
afterAll(() => site.close())

const reportOf = ({ stdout }: Ended): ComplianceReport => JSON.parse(stdout) as ComplianceReport

it('CGU-122: the report comes from the ledger alone, also beside a running service, which keeps its keys', async () => {
  expect([beside.status, beside.stderr]).toEqual([0, ''])
  expect(reportOf(beside)).toMatchObject({ keys: false, names: 'none', totals: { refusals: 0, sameHand: 0 } })
  const { root, size } = await site.json<{ root: string; size: number }>(['ledger', 'verify'], database)
  const report = await site.json<ComplianceReport>(['compliance', ...days()], database)
  expect(report).toMatchObject({ keys: true, ledger: { root, size }, totals: { events: size } })
})

it('CGU-122: three files of mode 0600, the same as on standard output; a file that is there is left', async () => {
  const out = site.file('reports')
  const { files } = await site.json<{ files: readonly string[] }>(['compliance', ...days(), '--out', out])
  expect(files.map((file) => file.slice(file.lastIndexOf('.')))).toEqual(['.html', '.json', '.csv'])
  for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600)
  const { stdout } = await site.run(['compliance', ...days(), '--format', 'csv'])
  expect(readFileSync(files[2]!, 'utf8')).toBe(stdout)
  expect((await site.run(['compliance', ...days(), '--out', out])).status).toBe(3)
})

it.each([
  [{ from: '2026-02-30', to: '2026-03-31' }, '--from: 2026-02-30 is not a day'],
  [{ from: '2026-03-31', to: '2026-03-01' }, '--to is before --from'],
  [{ from: '2026-03-01', to: '2999-03-31' }, '--to: 2999-03-31 has not come yet; '],
  [{ from: '2026-03-01', to: '2026-03-31', format: 'pdf' }, '--format: pdf is none of html, json, csv'],
])('a question that cannot be asked is refused: %j', (asked, message) => {
  expect(() => compliance({}, openOutput(true), asked)).toThrow(message)
})
