import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const files = [
  'test/contract/eventStoreContract.ts',
  'test/contract/eventStoreClientContract.ts',
  'test/faults/eventstoredb.test.ts',
]

it('eventstoredb section 8: each of the 73 cases is named by a test', () => {
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const named = new Set([...text.matchAll(/eventstoredb #(\d+)/g)].map((match) => Number(match[1])))
  const cases = Array.from({ length: 73 }, (_, index) => index + 1)
  expect(cases.filter((number) => !named.has(number))).toEqual([])
})
