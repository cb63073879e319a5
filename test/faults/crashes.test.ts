// An installation that is struck at each of its durable steps, in one life from the request to the key that comes back: killed
// before, during and after it, or its answer exchanged for a fault. People do the same order again with the same key, as they do.
// `npm run faults` strikes each step in each way; the tests of every day where it weighs most.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openCrashing, type Crashing } from './crashing.ts'
import { expectWhole } from './whole.ts'
import { all, appends, expectEffects, flushes, live, projected, typesIn, unlisted } from './struckLife.ts'
import { kills, type How, type Strike } from './strike.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 60_000 })

let open: Crashing | undefined
afterEach(() => open?.close())

type Lived = Readonly<{ types: readonly string[]; steps: readonly string[] }>

/** Lives a life under strikes. @returns the entries that it left, and the durable steps that it took, the first start's excepted */
const lived = async (strikes: readonly Strike[]): Promise<Lived> => {
  open = await openCrashing()
  const [before, begun] = [(await typesIn(open)).length, open.steps().length]
  if (strikes.length > 0) await open.arm(strikes)
  await live(open)
  await open.stop()
  const entries = await expectWhole(open)
  return { types: entries.slice(before).map(({ type }) => type), steps: open.steps().slice(begun) }
}

const isEach = process.env['FAULTS'] === 'each'

/** What the tests of every day kill: where a half of it would be a certificate without escrow, a number twice, a key out and untold. */
const weighty: readonly Strike[] = [
  { step: 'update escrowed_key', how: 'after' },
  { step: 'append PublicKeyBound', how: 'during' },
  { step: 'append KeyEscrowed', how: 'before' },
  { step: 'append CertificatePlanned', how: 'after' },
  { step: 'append CertificateIssued', how: 'before' },
  { step: 'append CertificateRevoked', how: 'during' },
  { step: 'append CrlPlanned', how: 'after' },
  { step: 'append CrlIssued', how: 'during' },
  { step: 'append KeyRecoveryStarted', how: 'after' },
  { step: 'append KeyRecovered', how: 'before' },
  { step: 'commit', how: 'during' },
]
/** What the tests of every day find no room for, beside our own files: in the ledger, and in PostgreSQL for the vault and for read models. */
const noRoom = [
  ...['append KeyEscrowed', 'append CertificateRevoked', 'append KeyRecovered'],
  ...['insert into escrowed_key', 'update escrowed_key', 'commit', 'commit', 'commit'],
]
const weightyAppends = weighty.map(({ step }) => step).filter((step) => step.startsWith('append '))

describe('CGU-38, CGU-76, CGU-110: nothing is lost, doubled, or certified without escrow', () => {
  /** In turn: each step in another way. */
  const inTurn = (struck: readonly string[], hows: readonly How[], round = 0): readonly Strike[] =>
    struck.map((step, i) => ({ step, how: hows[(i + round) % hows.length]! }))
  /** Never before the day on which the conditions of use came into force: what is asked then is refused with reason. */
  const jumps: readonly Strike[] = [
    { step: 'append CertificateRequested', how: 'ahead' },
    { step: 'append CertificatePlanned', how: 'back' },
    { step: 'append CrlPlanned', how: 'ahead' },
    { step: 'append RecoveryRequested', how: 'back' },
  ]

  it.each<readonly [string, readonly Strike[]]>(
    isEach
      ? [
          ['nothing', []],
          ...kills.map((how, round) => [`killed, ${how} the first`, inTurn(all, kills, round)] as const),
          ['appends whose answer is lost', inTurn(appends, ['lost'])],
          ['appends that are refused', inTurn(appends, ['refused'])],
          ['a full disk', inTurn(all, ['full'])],
          ['a slow disk and a slow database', inTurn([...flushes, ...projected], ['slow'])],
          ['a clock that jumps', jumps],
        ]
      : [
          ['killed where it weighs most', weighty],
          [
            'appends lost or refused in turn, where it weighs most',
            inTurn(weightyAppends, ['lost', 'refused']),
          ],
          [
            'a full disk, a slow one, and a clock that jumps',
            [...inTurn(flushes, ['full', 'slow']), ...inTurn(noRoom, ['full']), ...jumps],
          ],
        ],
  )('%s', async (_, struck) => {
    const { types, steps } = await lived(struck)
    expectEffects(types)
    expect.soft(unlisted(steps)).toEqual([])
    if (struck.length === 0) expect.soft(all.filter((step) => !steps.includes(step))).toEqual([])
    expect.soft(open?.left()).toEqual([])
    expect
      .soft(open?.deaths())
      .toBe(struck.filter(({ how }) => (kills as readonly How[]).includes(how)).length)
  })
})
