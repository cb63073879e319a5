// `npm run soak`: for ten minutes, lives on two installations, one after the other: one in a process that is struck in its durable steps, one
// of processes that are killed. Their servers go away and come back. Each is looked at when it has stopped.
//   SOAK_MINUTES=2 SOAK_SEED=7 npm run soak      shorter; the same draws again: what is struck, how, and when a server goes away
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startPostgres } from '../support/services/postgres.ts'
import { openWorkspace } from '../support/services/workspace.ts'
import { openCrashing } from './crashing.ts'
import type { Struck } from './people.ts'
import { liveUnder, moments, openSplit, outages } from './split.ts'
import { faults, kills, type Strike } from './strike.ts'
import { all, expectEffects, live, typesIn } from './struckLife.ts'
import { countsOf, expectWhole } from './whole.ts'

const minutes = Number(process.env['SOAK_MINUTES'] ?? 0)
const seed = Number(process.env['SOAK_SEED'] ?? 1)

vi.setConfig({ testTimeout: (minutes + 10) * 60_000, hookTimeout: 60_000 })

/** Set back and ahead again and again, a clock would leave the day behind; the table has it (crashes.test.ts). */
const ways = [...kills, ...faults.filter((how) => how !== 'back' && how !== 'ahead')]

const awayMs = fc.integer({ min: 0, max: 3000 })

const strikesDrawn = fc.record({
  strikes: fc.uniqueArray(fc.record({ step: fc.constantFrom(...all), how: fc.constantFrom(...ways) }), {
    ...{ minLength: 1, maxLength: 6 },
    selector: ({ step }: Strike) => step,
  }),
  /** A server goes away, so many milliseconds into the life; undefined: they stay. */
  outage: fc.option(
    fc.record({
      ...{
        what: fc.constantFrom('ledger' as const, 'postgres' as const),
        afterMs: fc.integer({ min: 1000, max: 6000 }),
      },
      awayMs,
    }),
    { nil: undefined },
  ),
})

const blowsDrawn = fc.record({
  many: fc.integer({ min: 1, max: 3 }),
  blows: fc
    .array(fc.record({ at: fc.nat(moments.length - 1), what: fc.constantFrom(...outages), awayMs }), {
      ...{ minLength: 1, maxLength: 5 },
    })
    .map((drawn) =>
      drawn.toSorted((a, b) => a.at - b.at).map((blow) => ({ ...blow, at: moments[blow.at] ?? '' })),
    ),
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Counts what was done, by its name. */
const openTally = () => {
  const counts: Record<string, number> = {}
  return {
    counts,
    note: (name: string): void => {
      counts[name] = (counts[name] ?? 0) + 1
    },
  }
}

/** Looks at the stopped installation, and says what it counted. */
const expectLived = async (
  struck: Struck,
  { lived, before }: Readonly<{ lived: number; before: number }>,
  done: string,
): Promise<void> => {
  await expectWhole(struck)
  const types = await typesIn(struck)
  say(`seed ${seed}: ${lived} lives, ${done}`)
  say(`events: ${JSON.stringify(countsOf(types))}`)
  expectEffects(types.slice(before), lived)
  expect(lived).toBeGreaterThan(0)
}

const closes: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close()
})

describe.skipIf(minutes === 0)('a soak (needs SOAK_MINUTES)', () => {
  const halfMs = minutes * 30_000

  it('CGU-38, CGU-76, CGU-110: whatever strikes it, nothing is lost, doubled, or certified without escrow', async () => {
    const workspace = openWorkspace()
    closes.push(async () => workspace.remove())
    const postgres = await startPostgres(workspace.path, { kept: true })
    closes.push(postgres.stop)
    const open = await openCrashing(postgres.env['TEST_POSTGRES_URL'])
    closes.push(open.close)
    const servers = { ledger: open.node, postgres }
    const before = (await typesIn(open)).length
    const end = Date.now() + halfMs
    let lived = 0
    const { counts, note } = openTally()
    for (const { strikes, outage } of fc.sample(strikesDrawn, { seed, numRuns: 1000 })) {
      if (Date.now() >= end) break
      await open.arm(strikes)
      const goAway = async (): Promise<void> => {
        if (outage === undefined) return
        await pause(outage.afterMs)
        const server = servers[outage.what]
        await open.during(() => server.restart(() => pause(outage.awayMs)))
      }
      await Promise.all([live(open), goAway()])
      lived += 1
      const left = new Set(open.left().map(({ step }) => step))
      const met = strikes.filter(({ step }) => !left.has(step))
      for (const { how } of met) note(how)
      const away = outage === undefined ? undefined : `${outage.what} away for ${outage.awayMs} ms`
      if (outage !== undefined) note(`${outage.what} away`)
      say(`life ${lived}: ${[...met.map(({ step, how }) => `${how} ${step}`), away ?? []].flat().join(', ')}`)
    }
    await open.arm([])
    await open.stop()
    await expectLived(open, { lived, before }, `${open.deaths()} deaths; ${JSON.stringify(counts)}`)
  })

  it('CGU-38, CGU-76, CGU-110: of two projectors and two workers, nothing is lost, nothing doubled', async () => {
    const open = await openSplit(true)
    closes.push(open.close)
    const before = (await typesIn(open)).length
    const end = Date.now() + halfMs
    let lived = 0
    const { counts, note } = openTally()
    for (const { many, blows } of fc.sample(blowsDrawn, { seed, numRuns: 1000 })) {
      if (Date.now() >= end) break
      await liveUnder(open, many, blows)
      lived += many
      for (const { what } of blows) note(`${what} away`)
      const told = blows.map(({ at, what, awayMs: ms }) => `${what} away for ${ms} ms from ${at}`)
      say(`lives to ${lived}, ${many} at a time: ${told.join(', ')}`)
    }
    await open.stop()
    await expectLived(open, { lived, before }, JSON.stringify(counts))
  })
})
