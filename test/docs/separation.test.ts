import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { separationFile, separationPage } from '../support/docs/separation.ts'

it('CGU-06: docs/separation.md is what `npm run docs` writes', () => {
  expect(readFileSync(separationFile, 'utf8')).toBe(separationPage())
})
