import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { citing, clausesFile, clausesPage } from '../support/docs/clauses.ts'

const page = readFileSync(clausesFile, 'utf8')
const clauses = [...page.matchAll(/^\| CGU-(\d+) \|/gm)].map((match) => Number(match[1]))

test('docs/clauses.md is what `npm run docs` writes', () => {
  expect(page).toBe(clausesPage())
})

test('there are 125 clauses, each once, in order', () => {
  expect(clauses).toEqual(Array.from({ length: 125 }, (_, i) => i + 1))
})

test('the code cites no clause that there is not', () => {
  const cited = citing().flatMap(([file, numbers]) => [...numbers].map((clause) => ({ file, clause })))
  expect(cited.length).toBeGreaterThan(100)
  expect(cited.filter(({ clause }) => !clauses.includes(clause))).toEqual([])
})
