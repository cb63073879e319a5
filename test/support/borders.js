// `npm run check:borders`: nobody imports what its folder may not, and the check itself is not blind.
//   1. dependency-cruiser finds nothing in the code.
//   2. It has really read every TypeScript file of the code: a tool that reads none finds nothing either.
//   3. In test/fixtures/borders/, where every rule is broken once, it finds every rule.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'))
const planted = 'test/fixtures/borders'
const folders = [
  'api',
  'cli',
  'commands',
  'domain',
  'host',
  'hsm',
  'jobs',
  'ledger',
  'pki',
  'projections',
  'readmodels',
  'telemetry',
]
const places = [...folders, 'main.ts', 'test'].filter((place) => existsSync(join(root, place)))

/** What dependency-cruiser says about files or folders, as data. */
const cruise = (...args) => {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...args],
    { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  if (stdout === '') throw new Error(`dependency-cruiser did not run:\n${stderr}`)
  return JSON.parse(stdout)
}

const filesOf = (place) =>
  place.endsWith('.ts')
    ? [place]
    : readdirSync(join(root, place), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))

const faults = []

const code = cruise(...places, '--exclude', `^(?:${planted}/|(?:cli|test)/.*[.]js$)`)
const adviceOf = Object.fromEntries(forbidden.map((rule) => [rule.name, rule.comment]))
for (const { from, to, rule } of code.summary.violations)
  faults.push(`${from} → ${to}: ${rule.name}\n  ${adviceOf[rule.name]}`)

const files = places.flatMap(filesOf).filter((file) => !file.startsWith(`${planted}/`))
const seen = new Set(code.modules.map((module) => module.source))
for (const file of files) if (!seen.has(file)) faults.push(`${file} was not read by dependency-cruiser`)
if (files.length === 0) faults.push('there is no TypeScript file to check')

const found = new Set(cruise(planted).summary.violations.map((violation) => violation.rule.name))
for (const { name } of forbidden)
  if (!found.has(name)) faults.push(`${planted} breaks the rule ${name}, and nobody noticed`)

for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(1)
console.log(
  `borders: ${files.length} files keep ${forbidden.length} rules; each rule was seen to catch its violation`,
)
