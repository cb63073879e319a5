import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/glossary.md', 'docs/refusals.md'].concat(
  readdirSync(join(root, 'docs/adr')).map((name) => `docs/adr/${name}`),
)
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts

test("README's map of the folders names every top folder, and no other", () => {
  const ignored = read('.gitignore').split('\n')
  const folders = readdirSync(root, { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !ignored.includes(`${entry.name}/`),
    )
    .map((entry) => `${entry.name}/`)
  const map = /## Map of the folders\n(.*?)\n## /s.exec(`${read('README.md')}\n## `)?.[1] ?? ''
  const named = [...map.matchAll(/^\| `([a-z]+\/)` \|/gm)].map((match) => match[1])
  expect(named.toSorted()).toEqual(folders.toSorted())
})

test('every npm script that a page names exists', () => {
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/npm run ([a-z:]+)/g)]
      .filter((match) => !(match[1]! in scripts))
      .map((match) => `${page}: ${match[0]}`),
  )
  expect(missing).toEqual([])
})

test('every file that a page links to exists', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .filter((match) => !existsSync(join(root, page, '..', match[1]!)))
      .map((match) => `${page}: ${match[1]!}`),
  )
  expect(broken).toEqual([])
})
