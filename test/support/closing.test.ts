import { expect, test } from 'vitest'
import { closing, type Report } from './closing.ts'

type Case = { title: string; report: Report; isFiltered?: boolean; last: string; status: 0 | 1 }

const cases: readonly Case[] = [
  {
    title: 'all passed',
    report: { passed: 3, failed: [], skipped: [] },
    last: '3 passed, 0 failed',
    status: 0,
  },
  {
    title: 'one failed',
    report: { passed: 2, failed: ['a'], skipped: [] },
    last: '2 passed, 1 failed',
    status: 1,
  },
  {
    title: 'no test ran',
    report: { passed: 0, failed: [], skipped: [] },
    last: '0 passed, 0 failed',
    status: 1,
  },
  {
    title: 'skipped with a reason',
    report: { passed: 1, failed: [], skipped: [{ name: 'a', reason: 'no cluster' }] },
    last: '1 passed, 0 failed, 1 skipped',
    status: 0,
  },
  {
    title: 'skipped with a condition in the title',
    report: { passed: 1, failed: [], skipped: [{ name: 'f > restart (needs LEDGER_URL) > a' }] },
    last: '1 passed, 0 failed, 1 skipped',
    status: 0,
  },
  {
    title: 'skipped without a reason',
    report: { passed: 1, failed: [], skipped: [{ name: 'a' }] },
    last: '1 passed, 0 failed, 1 skipped',
    status: 1,
  },
  {
    title: 'picked by name',
    report: { passed: 1, failed: [], skipped: [{ name: 'a' }, { name: 'b' }] },
    isFiltered: true,
    last: '1 passed, 0 failed',
    status: 0,
  },
  {
    title: 'nothing of that name',
    report: { passed: 0, failed: [], skipped: [{ name: 'a' }] },
    isFiltered: true,
    last: '0 passed, 0 failed',
    status: 1,
  },
]

test.each(cases)('the closing line counts the tests: $title', ({ report, isFiltered, last, status }) => {
  const end = closing(report, isFiltered)
  expect([end.lines.at(-1), end.status]).toEqual([last, status])
})

test('what failed and what was skipped is named, with the reason', () => {
  const end = closing({
    passed: 1,
    failed: ['one'],
    skipped: [{ name: 'two', reason: 'no cluster' }, { name: 'three' }],
  })
  expect(end.lines.join('\n')).toContain('failed:\n  one')
  expect(end.lines.join('\n')).toContain('skipped:\n  two: no cluster\n  three: WITHOUT A REASON')
})
