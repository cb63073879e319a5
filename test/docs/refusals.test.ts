import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refusals, type ClauseId } from '../../domain/refusals.ts'
import { refusalsPage } from '../support/docs/refusals.ts'

const docs = join(import.meta.dirname, '../../docs')

test('docs/refusals.md is what `npm run docs` writes', () => {
  expect(readFileSync(join(docs, 'refusals.md'), 'utf8')).toBe(refusalsPage())
})

test('every code has a row of its own, with its clauses and both texts', () => {
  const rows = new Map(
    readFileSync(join(docs, 'refusals.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.slice(2, -2).split(' | '))
      .map(([code, ...rest]) => [code, rest] as const),
  )
  const expected = Object.entries(refusals).map(([code, { clauses, fr, en }]) => [
    `\`${code}\``,
    [clauses.join(', '), fr, en],
  ])
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected))
})

test('every clause that a refusal cites is one of the 125', () => {
  const cited = Object.values(refusals).flatMap(({ clauses }): readonly ClauseId[] => clauses)
  const outside = cited.filter((clause) => {
    const number = Number(clause.slice(4))
    return clause !== `CGU-${String(number).padStart(2, '0')}` || number < 1 || number > 125
  })
  expect(outside).toEqual([])
})
