// `npm run bench`: how fast this is, beside a baseline that is measured in the same run. docs/benches.md says what each means.
//   npm run bench                      every bench
//   npm run bench -- append replay     these
//   npm run bench -- --quick           small sizes: shows that they run
//   npm run bench -- --json            one JSON document
import { parseArgs } from 'node:util'
import { append } from './append.ts'
import { appendSealed } from './appendSealed.ts'
import type { Bench } from './bench.ts'
import { eventstoredbReplay } from './eventstoredbReplay.ts'
import { custody } from './custody.ts'
import { ocsp } from './ocsp.ts'
import { projectionsBench } from './projections.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { machine, table } from './result.ts'
import { revocation } from './revocation.ts'

const benches: readonly Bench[] = [
  append,
  appendSealed,
  replay,
  eventstoredbReplay,
  projectionsBench,
  restore,
  ocsp,
  custody,
  revocation,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})

const unknown = positionals.filter((name) => benches.every((bench) => bench.name !== name))
if (unknown.length > 0) {
  process.stderr.write(
    [
      `no bench is named ${unknown.join(', ')}; there are:`,
      ...benches.map(({ name, about }) => `  ${name}: ${about}`),
      '',
    ].join('\n'),
  )
  process.exit(2)
}

const results = []
const before = machine()
for (const { name, about, run } of benches) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  process.stderr.write(`${name}: ${about}\n`)
  results.push({ name, result: await run({ quick: values.quick }) })
}
const after = machine()

if (values.json) process.stdout.write(`${JSON.stringify({ before, after, quick: values.quick, results })}\n`)
else {
  const notes = results.flatMap(({ name, result }) => result.notes.map((note) => `${name}: ${note}`))
  const { node, platform, cores, cpu } = after
  const about = `Node ${node}, ${platform}, ${cores} cores (${cpu}); load ${before.load.toFixed(1)} before, ${after.load.toFixed(1)} after`
  process.stdout.write(`\n${[table(results), '', ...notes, about].join('\n')}\n`)
}
