import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusals } from '../../domain/refusals.ts'
import { allClauses, citing, clausesFile, clausesPage, numberOf } from '../support/docs/clauses.ts'
import { plain, quotesOfTheNorm } from '../support/docs/quotes.ts'
import { clauseTitles, testFiles } from '../support/docs/titles.ts'
import { declaredForms } from '../support/fixtures/declared.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const titles = clauseTitles()
const norm = plain(read('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt'))

test('docs/clauses.md is what `npm run docs` writes', () => {
  expect(readFileSync(clausesFile, 'utf8')).toBe(clausesPage())
})

test('there are 125 clauses, each once, in order', () => {
  expect(allClauses.map(([id]) => id)).toEqual(
    Array.from({ length: 125 }, (_, i) => `CGU-${String(i + 1).padStart(2, '0')}`),
  )
})

test('what a clause quotes stands in the conditions of use, word for word', () => {
  const words = read('docs/cgu/cgu-ac-confidentialite-mef-qualifiee.txt').replaceAll(/\s+/g, ' ')
  const missing = allClauses.filter(
    ([, { text }]) => !text.split(' … ').every((part) => words.includes(part)),
  )
  expect(missing).toEqual([])
})

test('what a comment quotes of a clause stands in the conditions of use too', () => {
  const invented = quotesOfTheNorm().filter(({ parts }) => !parts.every((part) => norm.includes(part)))
  expect(invented).toEqual([])
  expect(quotesOfTheNorm().length).toBeGreaterThan(60)
})

test('the file of a rule exists and cites its clause', () => {
  const cited = new Map(citing())
  const silent = allClauses.filter(
    ([id, clause]) =>
      clause.kind === 'code' &&
      !(existsSync(join(root, clause.rule)) && cited.get(clause.rule)?.has(numberOf(id)) === true),
  )
  expect(silent.map(([id, clause]) => [id, clause.kind === 'code' && clause.rule])).toEqual([])
})

test('each event that proves a clause is a stored form', async () => {
  const types = new Set((await declaredForms()).map(({ form }) => form.type))
  const unknown = allClauses.flatMap(([id, { events }]) =>
    events.filter((type) => !types.has(type)).map((type) => `${id} ${type}`),
  )
  expect(unknown).toEqual([])
})

test('each clause marked code is named by the title of a test', () => {
  const named = new Set(titles.flatMap(({ clauses }) => clauses))
  const unnamed = allClauses.filter(([id, { kind }]) => kind === 'code' && !named.has(numberOf(id)))
  expect(unnamed.map(([id]) => id)).toEqual([])
})

test('a procedure says why, and no test claims to prove more than the record', () => {
  const silent = allClauses.filter(([, clause]) => clause.kind === 'procedure' && clause.why.length < 40)
  expect(silent).toEqual([])
  expect(allClauses.filter(([, { kind }]) => kind === 'procedure').length).toBeLessThan(20)
})

test('each refusal code is met in a test', () => {
  const all = testFiles().map(read).join('\n')
  const unmet = Object.keys(refusals).filter((code) => !new RegExp(`\\b${code}\\b`).test(all))
  expect(unmet).toEqual([])
})

test('the code cites no clause that there is not', () => {
  const cited = citing().flatMap(([file, numbers]) => [...numbers].map((clause) => ({ file, clause })))
  expect(cited.length).toBeGreaterThan(100)
  expect(cited.filter(({ clause }) => clause < 1 || clause > 125)).toEqual([])
})

describe('the reader of titles', () => {
  test('finds those that are written, those of a table, and ranges', () => {
    expect(titles.length).toBeGreaterThan(150)
    const ofTables = titles.filter(({ title }) => title.startsWith('CGU-39: without escrow'))
    expect(ofTables).toHaveLength(1)
    expect(titles.every(({ clauses }) => clauses.every((clause) => clause >= 1 && clause <= 125))).toBe(true)
  })
})
