// Failed sign-ins beyond the limits are in the journal too: counted.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createJournal, type Journal } from '../../api/journal.ts'
import { createBeyondLimits } from '../../api/signIn/beyondLimits.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'

type Count = Readonly<{ count: number }>
type Counted = Readonly<{
  from: string
  to: string
  failures: readonly (Count & Readonly<{ means: string; cause: string }>)[]
  addresses: readonly (Count & Readonly<{ address: string }>)[]
}>

let product: Embedded
beforeAll(async () => {
  product = await openEmbedded()
})
afterAll(() => product.close())

const counted = async (): Promise<readonly Counted[]> =>
  (await product.journal())
    .filter(({ type }) => type === 'SignInFailuresCounted')
    .map(({ data }) => data as unknown as Counted)
const sum = (counts: readonly Count[]) => counts.reduce((all, { count }) => all + count, 0)

describe('counts', () => {
  const failure = { means: 'token', cause: 'unknown-token' } as const

  it('CGU-114: one whose answer was lost is not written twice, one that was not written is; what came meanwhile is in the next', async () => {
    const journal = createJournal(product.services)
    let way: 'lost' | 'away' | 'there' = 'lost'
    const shaky: Pick<Journal, 'failedSignIns'> = {
      failedSignIns: (counted) => {
        const write = journal.failedSignIns(counted)
        return async () => {
          if (way === 'away') throw new Error('away')
          await write()
          if (way === 'lost') throw new Error('no answer')
        }
      },
    }
    const faults: unknown[] = []
    const beyond = createBeyondLimits(product.services, shaky, (error) => faults.push(error))
    beyond.add(failure, '127.0.0.1')
    beyond.add(failure, '127.0.0.1')
    await beyond.tell()
    expect([faults.length, (await counted()).length]).toEqual([1, 1])
    way = 'away'
    beyond.add({ means: 'sso', cause: 'denied' }, '127.0.0.2')
    await beyond.tell()
    expect([faults.length, (await counted()).length]).toEqual([2, 1])
    way = 'there'
    await beyond.tell()
    await beyond.tell()
    expect((await counted()).map(({ failures, addresses }) => ({ failures, addresses }))).toEqual([
      { failures: [{ ...failure, count: 2 }], addresses: [{ address: '127.0.0.1', count: 2 }] },
      {
        failures: [{ means: 'sso', cause: 'denied', count: 1 }],
        addresses: [{ address: '127.0.0.2', count: 1 }],
      },
    ])
  })

  it('CGU-114: they are written a minute after the first, without being asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const told: unknown[] = []
      const journal = { failedSignIns: (what: unknown) => async () => void told.push(what) }
      const beyond = createBeyondLimits(product.services, journal, () => undefined)
      beyond.add(failure, '127.0.0.1')
      await vi.advanceTimersByTimeAsync(59_999)
      beyond.add(failure, '127.0.0.1')
      expect(told).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(told).toMatchObject([{ failures: [{ count: 2 }] }])
      await vi.advanceTimersByTimeAsync(600_000)
      expect(told).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('CGU-114: a flood from many addresses makes one event of bounded size, and each of it is counted', async () => {
    const before = (await counted()).length
    const beyond = createBeyondLimits(product.services, createJournal(product.services), () => undefined)
    for (let one = 0; one < 1000; one += 1) beyond.add(failure, `10.0.${one >> 8}.${one & 255}`)
    await beyond.tell()
    const events = (await counted()).slice(before)
    expect(events).toMatchObject([{ failures: [{ count: 1000 }] }])
    const { addresses } = events[0]!
    expect([addresses.length, sum(addresses)]).toEqual([101, 1000])
    expect(addresses.find(({ address }) => address === 'other addresses')).toMatchObject({ count: 900 })
  })
})

it('CGU-114: of a flood of wrong tokens each is in the journal: ten of an address by themselves, the rest counted when the api stops at the latest', async () => {
  const before = await counted()
  const written = async () => (await product.journal()).filter(({ type }) => type === 'SignInFailed').length
  const at = { url: '/api/v1/certificates', headers: { authorization: 'Bearer wrong' } }
  for (const [address, times] of [
    ['127.0.0.3', 40],
    ['127.0.0.4', 30],
  ] as const)
    for (let attempt = 0; attempt < times; attempt += 1)
      await product.app.inject({ ...at, remoteAddress: address })
  expect([await written(), (await counted()).length]).toEqual([20, before.length])
  await product.app.close()
  const events = (await counted()).slice(before.length)
  expect(events).toMatchObject([
    {
      failures: [{ means: 'token', cause: 'unknown-token', count: 50 }],
      addresses: [
        { address: '127.0.0.3', count: 30 },
        { address: '127.0.0.4', count: 20 },
      ],
      env: { role: 'program' },
    },
  ])
})
