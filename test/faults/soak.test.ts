// `npm run soak`: one installation lives life after life, struck at random, for ten minutes, and is looked at when it has stopped.
//   SOAK_MINUTES=2 SOAK_SEED=7 npm run soak      shorter; the same draws again: which steps are struck and how, and when the ledger restarts
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openCrashing, type Crashing } from './crashing.ts'
import { faults, kills, type Strike } from './strike.ts'
import { all, live, typesIn } from './struckLife.ts'
import { countsOf, expectWhole } from './whole.ts'

const minutes = Number(process.env['SOAK_MINUTES'] ?? 0)
const seed = Number(process.env['SOAK_SEED'] ?? 1)

vi.setConfig({ testTimeout: (minutes + 10) * 60_000, hookTimeout: 60_000 })

/** Set back and ahead again and again, a clock would leave the day behind; the table has it (crashes.test.ts). */
const ways = [...kills, ...faults.filter((how) => how !== 'back' && how !== 'ahead')]

const draw = fc.record({
  strikes: fc.uniqueArray(fc.record({ step: fc.constantFrom(...all), how: fc.constantFrom(...ways) }), {
    ...{ minLength: 1, maxLength: 6 },
    selector: ({ step }: Strike) => step,
  }),
  /** The ledger goes away and comes back, so many milliseconds into the life; undefined: it stays. */
  outage: fc.option(fc.integer({ min: 1000, max: 6000 }), { nil: undefined }),
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

let crashing: Crashing | undefined
afterAll(() => crashing?.close())

describe.skipIf(minutes === 0)('a soak (needs SOAK_MINUTES)', () => {
  it('CGU-38, CGU-76, CGU-110: whatever strikes it, nothing is lost, doubled, or certified without escrow', async () => {
    const open = await openCrashing()
    crashing = open
    const lives = fc.sample(draw, { seed, numRuns: 1000 })
    const end = Date.now() + minutes * 60_000
    let lived = 0
    const struck: Record<string, number> = {}
    for (const { strikes, outage } of lives) {
      if (Date.now() >= end) break
      await open.arm(strikes)
      const away = outage === undefined ? undefined : pause(outage).then(() => open.node.restart())
      await live(open)
      await away
      lived += 1
      const left = new Set(open.left().map(({ step }) => step))
      const met = strikes.filter(({ step }) => !left.has(step))
      for (const { how } of met) struck[how] = (struck[how] ?? 0) + 1
      if (outage !== undefined) struck['ledger restarted'] = (struck['ledger restarted'] ?? 0) + 1
      say(
        `life ${lived}: ${met.map(({ step, how }) => `${how} ${step}`).join(', ')}${outage === undefined ? '' : ', the ledger restarted'}`,
      )
    }
    await open.arm([])
    await open.stop()
    await expectWhole(open)
    const counts = countsOf(await typesIn(open))
    say(`seed ${seed}: ${lived} lives, ${open.deaths()} deaths; ${JSON.stringify(struck)}`)
    say(`events: ${JSON.stringify(counts)}`)
    const each = ['KeyEscrowed', 'CertificateRevoked', 'KeyRecovered', 'RecoveryDelivered']
    expect(each.map((type) => [type, counts[type] ?? 0])).toEqual(each.map((type) => [type, lived]))
    expect(lived).toBeGreaterThan(0)
  })
})
