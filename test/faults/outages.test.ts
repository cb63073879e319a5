// An installation of processes, projectors, workers and status processes in pairs, whose servers go away and come back, or have no room, while people ask, and whose processes
// are killed: at moments of several lives that are lived at the same time. `npm run faults` strikes each of them at each moment; the tests
// of every day each server once, the projector that leads and a worker.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { liveUnder, moments, openSplit, outages, type Blow, type Split } from './split.ts'
import { expectEffects, typesIn } from './struckLife.ts'
import { expectWhole } from './whole.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 60_000 })

let open: Split | undefined
afterEach(() => open?.close())

const isEach = process.env['FAULTS'] === 'each'
const many = isEach ? 4 : 2
const awayMs = 1500

describe('CGU-38, CGU-76, CGU-110: of two projectors and two workers, nothing is lost, nothing doubled', () => {
  it.each<readonly [string, readonly Blow[]]>(
    isEach
      ? [
          ['nothing goes away', []],
          ...outages.map((what) => [`${what} away`, moments.map((at) => ({ at, what, awayMs }))] as const),
        ]
      : [
          [
            'ledger, PostgreSQL and Redis away in turn, no room in either, the leader and a worker killed',
            [
              { at: 'CertificateRequested', what: 'ledger', awayMs },
              { at: 'RequestValidated', what: 'room in PostgreSQL', awayMs },
              { at: 'PublicKeyBound', what: 'postgres', awayMs },
              { at: 'CertificatePlanned', what: 'room in the ledger', awayMs },
              { at: 'CertificateRevoked', what: 'redis', awayMs },
              { at: 'CrlPlanned', what: 'projector', awayMs: 0 },
              { at: 'RecoveryApproved', what: 'worker', awayMs: 0 },
            ],
          ],
        ],
  )('%s', async (_, blows) => {
    const split = await openSplit(blows.some(({ what }) => what === 'status'))
    open = split
    const before = (await typesIn(split)).length
    await liveUnder(split, many, blows)
    const refused = await split.refused()
    expect.soft(refused.ledger > 0).toBe(blows.some(({ what }) => what === 'room in the ledger'))
    expect.soft(refused.postgres > 0).toBe(blows.some(({ what }) => what === 'room in PostgreSQL'))
    await split.stop()
    const entries = await expectWhole(split)
    expectEffects(
      entries.slice(before).map(({ type }) => type),
      many,
    )
  })
})
