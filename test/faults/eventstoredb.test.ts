// The cases of eventstoredb.md section 8 that need a server which fails on demand (scope F), and the client's hazards of
// section 2 that the adapter takes out of the way.
import {
  DeadlineExceededError,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  NotLeaderError,
  UnavailableError,
  UnknownError,
} from '@eventstore/db-client'
import { status } from '@grpc/grpc-js'
import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { openAppend } from '../../ledger/eventstoredb/append.ts'
import { defaultLimits } from '../../ledger/eventstoredb/retry.ts'
import { openEventStoreDb, type EventStoreDbOptions } from '../../ledger/eventstoredb.ts'
import {
  type Delivery,
  type EventStore,
  LedgerFault,
  LogTruncated,
  type Proposed,
  type RecordedEvent,
  StreamNotFound,
  type Subscription,
  WrongExpectedVersion,
} from '../../ledger/store.ts'
import { openLoopback } from '../support/eventstoredb/loopback.ts'
import { openNode, type OwnNode } from '../support/eventstoredb/openNode.ts'
import { streams } from '../support/eventstoredb/protobuf.ts'
import { settle } from '../support/eventstoredb/settle.ts'

/** Per-call credentials select the unary append; without TLS they are not sent. */
const unary = { credentials: { username: 'ledger', password: 'unsent' } }
const silent = 'silent'
/** What an application does around a promise that may never settle. */
const within = async <T>(ms: number, promise: Promise<T>): Promise<T | typeof silent> =>
  (await Promise.race([promise.then((value) => [value] as const), settle(ms)]))?.[0] ?? silent
const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const proposed = (data: object = {}): Proposed => ({
  id: randomUUID(),
  type: 'Noted',
  json: true,
  data: Buffer.from(JSON.stringify(data), 'utf8'),
})
const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
/** The first item; the loop is left early. */
const first = async <T>(items: AsyncIterable<T>): Promise<T | undefined> => {
  for await (const item of items) return item
  return undefined
}
const ids = (events: readonly Proposed[]): readonly string[] => events.map(({ id }) => id)
const collect = async (events: AsyncIterable<RecordedEvent>): Promise<readonly string[]> =>
  ids(await all(events))

describe('a node that fails', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const node = async (): Promise<OwnNode> => {
    const opened = await openNode()
    closing.push(opened.close)
    return opened
  }
  const adapter = async (
    { connectionString }: { connectionString: string },
    options: Partial<EventStoreDbOptions> = {},
  ): Promise<EventStore> => {
    const limits = { appendTimeoutMs: 400, readIdleTimeoutMs: 400, retryDelayMs: 5, retryCapMs: 50 }
    const store = await openEventStoreDb({ ...limits, ...options, connectionString })
    closing.push(store.close)
    return store
  }
  const rawClient = ({ connectionString }: { connectionString: string }): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(connectionString)
    closing.push(() => Promise.race([client.dispose(), settle(200)]))
    return client
  }
  /** The first `count` events of a subscription, which is then ended. */
  const take = async (subscription: Subscription, count: number): Promise<readonly string[]> => {
    const seen: string[] = []
    for await (const delivery of subscription) {
      if (delivery.kind === 'event' && !delivery.event.type.startsWith('$')) seen.push(delivery.event.id)
      if (seen.length === count) break
    }
    return seen
  }
  const event = async (subscription: AsyncIterator<Delivery>): Promise<RecordedEvent> => {
    for (;;) {
      const result: IteratorResult<Delivery, unknown> = await subscription.next()
      if (result.done === true) throw new Error('the subscription ended')
      if (result.value.kind === 'event') return result.value.event
    }
  }

  it('eventstoredb #22: an append to any revision, repeated after a restart, is written twice', async () => {
    const server = await node()
    const store = await adapter(server)
    const once = proposed()
    expect(await store.append('s', [once], 'any')).toMatchObject({ revision: 0 })
    expect(await store.append('s', [once], 'any')).toMatchObject({ revision: 0 })
    await server.restart()
    await collect(store.readStream('s'))
    expect(await store.append('s', [once], 'any')).toMatchObject({ revision: 1 })
    expect(await collect(store.readStream('s'))).toEqual([once.id, once.id])
  })

  describe.each(['ok', 'cancelled', 'unavailable', 'aborted', 'silence'] as const)('ended by %s', (how) => {
    it(`eventstoredb #56: a subscription to all events loses nothing when the server ends it by ${how}`, async () => {
      const server = await node()
      const store = await adapter(server, { readIdleTimeoutMs: 250 })
      const events = Array.from({ length: 12 }, (_, n) => proposed({ n }))
      for (const [n, one] of events.slice(0, 8).entries()) await store.append(`s-${n % 2}`, [one], 'any')
      server.knobs.reads.push({ on: 'subscription', after: 0, how }, { on: 'subscription', after: 3, how })
      const taken = take(store.subscribeToAll(), events.length)
      for (const one of events.slice(8)) await store.append('s-0', [one], 'any')
      expect(await taken).toEqual(ids(events))
      expect(server.knobs.reads).toEqual([])
    })

    it(`eventstoredb #56: a stream subscription loses nothing when the server ends it by ${how}`, async () => {
      const server = await node()
      const store = await adapter(server, { readIdleTimeoutMs: 250 })
      const events = Array.from({ length: 8 }, (_, n) => proposed({ n }))
      for (const one of events.slice(0, 5)) await store.append('s', [one], 'any')
      server.knobs.reads.push({ on: 'subscription', after: 2, how })
      const taken = take(store.subscribeToStream('s'), events.length)
      for (const one of events.slice(5)) await store.append('s', [one], 'any')
      expect(await taken).toEqual(ids(events))
      expect(server.knobs.reads).toEqual([])
    })

    it(`eventstoredb #56: a read of all events goes on where the server ended it by ${how}`, async () => {
      const server = await node()
      const store = await adapter(server, { readIdleTimeoutMs: 250 })
      const events = Array.from({ length: 50 }, (_, n) => proposed({ n }))
      await store.append('s', events, 'no_stream')
      server.knobs.reads.push({ on: 'read', after: 0, how }, { on: 'read', after: 20, how })
      if (how === 'ok') server.knobs.reads.shift()
      expect(await collect(store.readAll())).toEqual(ids(events))
      expect(server.knobs.reads).toEqual([])
    })
  })

  it('eventstoredb #56: a subscription survives a restart of the server', async () => {
    const server = await node()
    const store = await adapter(server)
    const events = Array.from({ length: 6 }, () => proposed())
    await store.append('s', events.slice(0, 3), 'no_stream')
    const subscription = store.subscribeToAll()
    const iterator = subscription[Symbol.asyncIterator]()
    const seen = [await event(iterator), await event(iterator), await event(iterator)]
    await server.restart()
    await store.append('s', events.slice(3), 2)
    for (let n = 3; n < 6; n += 1) seen.push(await event(iterator))
    expect(seen.map(({ id }) => id)).toEqual(ids(events))
    await subscription.unsubscribe()
  })

  it('eventstoredb #68: a follower names its leader, and the next call goes there', async () => {
    const leader = await node()
    const follower = await openLoopback(() =>
      Promise.resolve({ ...leader.store(), close: () => Promise.resolve() }),
    )
    closing.push(follower.close)
    follower.knobs.role = { leaderAt: { host: '127.0.0.1', port: leader.port } }
    const client = rawClient(follower)
    const send = () =>
      client.appendToStream('s', jsonEvent({ type: 'Noted', data: {} }), { ...unary, requiresLeader: true })
    const error = await thrown(send())
    expect(error).toBeInstanceOf(NotLeaderError)
    expect((error as NotLeaderError).leader).toEqual({ address: '127.0.0.1', port: leader.port })
    expect(await send()).toMatchObject({ nextExpectedRevision: 0n })
    expect(leader.seen.appends).toBe(1)

    const store = await adapter(follower)
    expect(await store.append('t', [proposed()], 'any')).toMatchObject({ revision: 0 })
    expect(leader.seen.appends).toBe(2)
  })

  it('eventstoredb #69: a node that is not ready says so in two ways, and the adapter waits for it', async () => {
    const server = await node()
    const client = rawClient(server)
    const store = await adapter(server, { retryDelayMs: 40, attempts: 20 })
    const one = jsonEvent({ type: 'Noted', data: {} })
    server.knobs.role = 'notReady'
    expect(await thrown(client.appendToStream('s', one, unary))).toBeInstanceOf(UnavailableError)
    const batch = await thrown(client.appendToStream('s', one))
    expect(batch).toBeInstanceOf(UnknownError)
    expect(batch).toHaveProperty('message', 'Could not recognize Server Is Not Ready')

    const waiting = store.append('s', [proposed()], 'any')
    expect(await within(30, waiting)).toBe(silent)
    server.knobs.role = 'leader'
    expect(await waiting).toMatchObject({ revision: 0 })
  })

  it('eventstoredb #70: an append whose answer came too late is repeated with its first result', async () => {
    const server = await node()
    const client = rawClient(server)
    const one = jsonEvent({ type: 'Noted', data: {} })
    server.knobs.appends.push('commitThenSilence')
    const send = () =>
      client.appendToStream('s', one, { ...unary, deadline: 200, expectedRevision: NO_STREAM })
    expect(await thrown(send())).toBeInstanceOf(DeadlineExceededError)
    const [first] = await all(server.store().readStream('s'))
    expect(await send()).toMatchObject({ nextExpectedRevision: 0n, position: first!.position })
    expect(await collect(server.store().readStream('s'))).toHaveLength(1)
  })

  it.each([
    'commitThenSilence',
    'commitThenUnavailable',
    'commitThenTimeout',
    'unavailable',
    'silence',
  ] as const)(
    'eventstoredb #70: the adapter repeats an append lost by %s, and writes it once',
    async (fault) => {
      const server = await node()
      const store = await adapter(server, { appendTimeoutMs: 150 })
      const list = [proposed(), proposed()]
      await store.append('s', [proposed()], 'no_stream')
      server.knobs.appends.push(fault, fault)
      expect(await store.append('s', list, 0)).toMatchObject({ revision: 2 })
      expect((await collect(store.readStream('s'))).slice(1)).toEqual(ids(list))
    },
  )

  it('eventstoredb #70: without a revision a lost answer is the caller’s to judge, never written twice', async () => {
    const server = await node()
    const store = await adapter(server, { appendTimeoutMs: 150 })
    server.knobs.appends.push('commitThenUnavailable')
    expect(await thrown(store.append('s', [proposed()], 'any'))).toBeInstanceOf(LedgerFault)
    expect(await collect(store.readStream('s'))).toHaveLength(1)
  })

  it('eventstoredb #70: a store that stays away is a fault after a bounded number of attempts', async () => {
    const server = await node()
    const store = await adapter(server, { attempts: 3 })
    server.knobs.appends.push(...Array.from({ length: 10 }, () => 'unavailable' as const))
    expect(await thrown(store.append('s', [proposed()], 'no_stream'))).toBeInstanceOf(LedgerFault)
    expect(server.knobs.appends).toHaveLength(7)
  })

  it('eventstoredb #70: whether a lost append was its own is a fault where nobody can say, never another’s work', async () => {
    const one = proposed()
    const asked = (found: () => AsyncIterable<RecordedEvent>): Promise<unknown> => {
      const wrong = new streams.AppendResp.WrongExpectedVersion()
      wrong.setCurrentRevision('0')
      const answers: (() => unknown)[] = [
        () => Promise.reject(new Error('the connection broke')),
        () => new streams.AppendResp().setWrongExpectedVersion(wrong),
      ]
      const append = openAppend(
        { call: async () => (await answers.shift()?.()) as never, renew: () => undefined } as never,
        { through: (_, work) => work(), enter: async () => () => undefined },
        { readStream: found, readAll: found },
        { ...defaultLimits, retryDelayMs: 1 },
      )
      return append('jou-1', [one], 'no_stream')
    }
    const failing = (error: Error) =>
      // eslint-disable-next-line require-yield
      async function* (): AsyncGenerator<RecordedEvent> {
        throw error
      }
    expect(await thrown(asked(failing(new LedgerFault('read'))))).toBeInstanceOf(LedgerFault)
    expect(await thrown(asked(failing(new StreamNotFound('jou-1'))))).toBeInstanceOf(WrongExpectedVersion)
  })

  it('eventstoredb #71: a batch append to a silent server never settles; the adapter’s does', async () => {
    const server = await node()
    const client = rawClient(server)
    const store = await adapter(server, { appendTimeoutMs: 150 })
    const one = proposed({ n: 1 })
    server.knobs.appends.push('commitThenSilence', 'commitThenSilence')
    const pending = client.appendToStream('s', jsonEvent({ id: one.id, type: one.type, data: { n: 1 } }), {
      expectedRevision: NO_STREAM,
      deadline: 50,
    })
    expect(await within(250, pending)).toBe(silent)
    expect(await store.append('s', [one], 'no_stream')).toMatchObject({ revision: 0 })
    expect(await collect(store.readStream('s'))).toEqual([one.id])
  })

  it('eventstoredb #72: other events at the places already read stop the consumer', async () => {
    const server = await node()
    const store = await adapter(server)
    const [first, lost, other] = [proposed({ n: 1 }), proposed({ n: 2 }), proposed({ n: 3 })]
    await store.append('s', [first], 'no_stream')
    await server.backUp()
    const { position } = await store.append('s', [lost], 0)
    const iterator = store.subscribeToAll()[Symbol.asyncIterator]()
    expect([(await event(iterator)).id, (await event(iterator)).id]).toEqual([first.id, lost.id])
    await server.truncateTail((log) => log.append('s', [other], 0))

    const [, inPlace] = await all(server.store().readAll())
    expect([inPlace!.id, inPlace!.position]).toEqual([other.id, position])
    expect(await thrown(event(iterator))).toBeInstanceOf(LogTruncated)
    // The same from a checkpoint that a consumer kept, with the id; without it nobody could tell.
    const resumed = (options: object) =>
      thrown(
        within(200, event(store.subscribeToAll({ after: position!, ...options })[Symbol.asyncIterator]())),
      )
    expect(await resumed({ afterId: lost.id })).toBeInstanceOf(LogTruncated)
    expect(await resumed({ afterId: other.id })).toBeUndefined()
    expect(await resumed({})).toBeUndefined()
  })

  it('eventstoredb #72: a log that ends before the checkpoint stops the consumer', async () => {
    const server = await node()
    const store = await adapter(server)
    await store.append('s', [proposed()], 'no_stream')
    await server.backUp()
    const { position } = await store.append('s', [proposed()], 0)
    await server.truncateTail()
    await collect(store.readStream('s'))
    const iterator = store.subscribeToAll({ after: position! })[Symbol.asyncIterator]()
    expect(await thrown(event(iterator))).toBeInstanceOf(LogTruncated)
  })

  it('eventstoredb #73: a hundred open subscriptions hold up the client’s append; the adapter keeps room', async () => {
    const server = await node()
    const store = await adapter(server)
    await store.append('s', [proposed()], 'no_stream')

    const open = Array.from({ length: 32 }, () => store.subscribeToAll())
    await Promise.all(open.map((subscription) => event(subscription[Symbol.asyncIterator]())))
    expect(await thrown(event(store.subscribeToAll()[Symbol.asyncIterator]()))).toBeInstanceOf(LedgerFault)
    expect(await store.append('s', [proposed()], 0)).toMatchObject({ revision: 1 })
    await Promise.all(open.map((subscription) => subscription.unsubscribe()))
    await expect.poll(() => server.seen.reading).toBe(0)

    const client = rawClient(server)
    const subscriptions = Array.from({ length: 100 }, () => client.subscribeToAll())
    await Promise.all(
      subscriptions.map(
        (subscription) => new Promise((resolve) => subscription.once('confirmation', resolve).resume()),
      ),
    )
    const waiting = client.appendToStream('t', jsonEvent({ type: 'Noted', data: {} }), {
      ...unary,
      deadline: 60_000,
    })
    expect(await within(250, waiting)).toBe(silent)
    await subscriptions[0]!.unsubscribe()
    expect(await waiting).toMatchObject({ nextExpectedRevision: 0n })
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()))
  })

  describe('the client’s hazards (eventstoredb section 2)', () => {
    it('eventstoredb 1: a failed first look at the server’s features sticks to the client, not to the adapter', async () => {
      const server = await node()
      const client = rawClient(server)
      const store = await adapter(server)
      const send = () => client.appendToStream('s', jsonEvent({ type: 'Noted', data: {} }))
      server.knobs.features = status.INTERNAL
      expect(await thrown(send())).toBeInstanceOf(Error)
      server.knobs.features = undefined
      expect(await thrown(send())).toBeInstanceOf(Error)
      expect(server.seen.featureRequests).toBe(1)
      expect(await store.append('s', [proposed()], 'no_stream')).toMatchObject({ revision: 0 })
      expect(server.seen.featureRequests).toBe(1)
    })

    it('eventstoredb 2a: one client’s broken batch stream rejects another’s appends, not the adapter’s', async () => {
      const [healthy, broken] = [await node(), await node()]
      const [one, other] = [rawClient(healthy), rawClient(broken)]
      const store = await adapter(healthy, { appendTimeoutMs: 5_000 })
      healthy.knobs.appends.push('silence')
      const innocent = thrown(one.appendToStream('s', jsonEvent({ type: 'Noted', data: {} })))
      await expect.poll(() => healthy.knobs.appends).toEqual([])
      broken.knobs.appends.push('unavailable')
      const ours = store.append('t', [proposed()], 'no_stream')
      expect(await thrown(other.appendToStream('s', jsonEvent({ type: 'Noted', data: {} })))).toBeInstanceOf(
        UnavailableError,
      )
      expect(await innocent).toBeInstanceOf(UnavailableError)
      expect(await ours).toMatchObject({ revision: 0 })
    })

    it('eventstoredb 2d: appends that nobody awaited in between reach a stream in call order', async () => {
      const store = await adapter(await node())
      const events = Array.from({ length: 40 }, (_, n) => proposed({ n }))
      const sent = events.map((one, n) => store.append('s', [one], n === 0 ? 'no_stream' : n - 1))
      expect((await Promise.all(sent)).map(({ revision }) => revision)).toEqual(events.map((_, n) => n))
      expect(await collect(store.readStream('s'))).toEqual(ids(events))
    })

    it('eventstoredb 2e: a revision below 0, an empty type and a bad id are refused here, and disturb nobody', async () => {
      const server = await node()
      const store = await adapter(server)
      const good = store.append('s', [proposed()], 'no_stream')
      for (const [list, expected] of [
        [[proposed()], -1],
        [[{ ...proposed(), type: '' }], 0],
        [[{ ...proposed(), id: '00000000-0000-0000-0000-000000000000' }], 0],
      ] as const)
        expect(await thrown(store.append('s', list, expected))).toBeInstanceOf(RangeError)
      expect(await good).toMatchObject({ revision: 0 })
      expect(server.seen.appends).toBe(1)
    })

    it('eventstoredb 2: bytes that no JSON writer would repeat come back as they were', async () => {
      const store = await adapter(await node())
      const texts = [
        '',
        '{"b":1, "a":1.0,\n"10":2,"a":3}',
        '"\\ud800"',
        '{"n":12345678901234567890}',
        'not JSON',
      ]
      const list = texts.map((text) => ({
        ...proposed(),
        data: Buffer.from(text, 'utf8'),
        metadata: Buffer.from(text, 'utf8'),
      }))
      await store.append('s', list, 'no_stream')
      const found = await all(store.readStream('s'))
      expect(found.map(({ data }) => Buffer.from(data).toString('utf8'))).toEqual(texts)
      expect(found.map(({ metadata }) => Buffer.from(metadata ?? []).toString('utf8'))).toEqual(texts)
      expect(found.every(({ json }) => json)).toBe(true)
    })

    it('eventstoredb 3: leaving a read or a subscription early frees its place on the server', async () => {
      const server = await node()
      // Half a megabyte takes its time on a busy machine.
      const store = await adapter(server, { appendTimeoutMs: 5_000 })
      await store.append(
        's',
        Array.from({ length: 500 }, () => proposed({ filler: 'x'.repeat(900) })),
        'no_stream',
      )
      for (let n = 0; n < 110; n += 1) {
        await first(store.readAll())
        await first(store.readStream('s'))
        await first(store.subscribeToAll())
      }
      await expect.poll(() => server.seen.reading).toBe(0)
    })

    it('eventstoredb 4: a resumed subscription does not skip the event after a scavenged checkpoint', async () => {
      const server = await node()
      const store = await adapter(server)
      const [gone, next, later] = [proposed(), proposed(), proposed()]
      const { position } = await store.append('old', [gone], 'no_stream')
      await store.append('s', [next, later], 'no_stream')
      await store.deleteStream('old')
      await server.scavenge()
      const client = rawClient(server)
      const skipping = client.subscribeToAll({ fromPosition: position! })
      for await (const { event: found } of skipping) {
        expect(found?.id).toBe(later.id)
        break
      }
      await skipping.unsubscribe()
      expect(await take(store.subscribeToAll({ after: position! }), 2)).toEqual([next.id, later.id])
      const filtered = store.subscribeToAll({ after: position!, filter: { streamPrefixes: ['s'] } })
      expect(await take(filtered, 2)).toEqual([next.id, later.id])
    })
  })

  it('eventstoredb 1: a wrong address is known at once, and a wrong string without its password', async () => {
    const gone = await openNode()
    await gone.close()
    const limits = { readIdleTimeoutMs: 200, retryDelayMs: 1, attempts: 2 }
    expect(
      await thrown(openEventStoreDb({ connectionString: gone.connectionString, ...limits })),
    ).toBeInstanceOf(LedgerFault)
    const refused = await thrown(openEventStoreDb({ connectionString: 'http://admin:changeit@127.0.0.1' }))
    expect(String(refused)).not.toContain('changeit')
  })
})
