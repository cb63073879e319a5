// The cases of eventstoredb.md section 8 that only the client can see (scope G): they hold on the loopback node and on a
// real server, and keep the two from drifting apart.
import {
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  StreamNotFoundError,
  TimeoutError,
  UnknownError,
  WrongExpectedVersionError,
  type AllStreamSubscription,
  type EventData,
} from '@eventstore/db-client'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../support/eventstoredb/settle.ts'

/** What the server itself can tell, where it is ours. */
export type Watched = Readonly<{ reading: number; cancelled: number }>

export type ClientTarget = Readonly<{ connectionString: string; watched?: () => Watched }>

const fresh = (kind: string): string => `${kind}-${randomUUID()}`
const event = (data: object = {}): EventData => jsonEvent({ type: 'Noted', data: { ...data } })
const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const all = async <T>(events: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const event of events) list.push(event)
  return list
}
const drain = async (events: AsyncIterable<unknown>): Promise<number> => (await all(events)).length
/** The first event; the loop is left without a word to the server. */
const first = async <T>(events: AsyncIterable<T>): Promise<T | undefined> => {
  for await (const event of events) return event
  return undefined
}

/** Runs the cases on the server that `open` connects to; `open` is called once. */
export const eventStoreClientContract = (server: string, open: () => Promise<ClientTarget>): void => {
  describe(server, () => {
    let target: ClientTarget
    let client: EventStoreDBClient
    beforeAll(async () => {
      target = await open()
      client = EventStoreDBClient.connectionString(target.connectionString)
    })
    afterAll(() => Promise.race([client.dispose(), settle(500)]))

    const missing = async (stream: string): Promise<void> => {
      expect(await thrown(drain(client.readStream(stream)))).toBeInstanceOf(StreamNotFoundError)
    }

    it('eventstoredb #24: an empty append to a missing stream succeeds and leaves it missing', async () => {
      const stream = fresh('empty')
      const result = await client.appendToStream(stream, [], { expectedRevision: NO_STREAM })
      expect(result).toMatchObject({ success: true, nextExpectedRevision: 0n })
      await missing(stream)
    })

    it('eventstoredb #30: a stream without a name is refused and nothing is written', async () => {
      const lost = event()
      expect(await thrown(client.appendToStream('', lost))).toBeInstanceOf(UnknownError)
      for await (const { event: last } of client.readAll({
        direction: BACKWARDS,
        fromPosition: END,
        maxCount: 1,
      }))
        expect(last?.id).not.toBe(lost.id)
    })

    it('eventstoredb #39: a read of nothing and a read forward from the end are refused', async () => {
      const stream = fresh('short')
      await client.appendToStream(stream, event(), { expectedRevision: NO_STREAM })
      for (const options of [{ maxCount: 0 }, { fromRevision: END }] as const) {
        const error = await thrown(drain(client.readStream(stream, options)))
        expect(error).toBeInstanceOf(UnknownError)
        expect(error).toHaveProperty('code', 2)
      }
    })

    it('eventstoredb #45: a position inside a record is refused', async () => {
      const { position } = await client.appendToStream(fresh('torn'), event())
      const inside = position!.commit + 1n
      const error = await thrown(drain(client.readAll({ fromPosition: { commit: inside, prepare: inside } })))
      expect(error).toBeInstanceOf(UnknownError)
      // 2 up to 23.10, 3 from 24.2 on.
      expect([2, 3]).toContain((error as UnknownError).code)
    })

    it('eventstoredb #55: a consumer that stalls is dropped, and a resumption completes the set', async () => {
      const stream = fresh('slow')
      const total = 2_000
      const { position } = await client.appendToStream(stream, event({ n: -1 }))
      const received: number[] = []
      let last = position!
      let complete: (value: undefined) => void = () => undefined
      const completed = new Promise<undefined>((resolve) => {
        complete = resolve
      })
      const take = (found: { streamId: string; data: unknown; position?: typeof last } | undefined): void => {
        if (found?.streamId === stream) received.push((found.data as { n: number }).n)
        if (found?.position !== undefined) last = found.position
        if (received.length === total) complete(undefined)
      }

      const stalled: AllStreamSubscription = client.subscribeToAll({ fromPosition: last })
      const failure = new Promise<unknown>((resolve) => stalled.once('error', resolve))
      // Nobody takes its events yet; the message passes them by.
      await new Promise((resolve) => stalled.once('caughtUp', resolve))
      const filler = 'x'.repeat(2_000)
      for (let n = 0; n < total; n += 200) {
        const batch = Array.from({ length: 200 }, (_, i) => event({ n: n + i, filler }))
        await client.appendToStream(stream, batch)
      }
      // A node of ours says when it has given up; until then it would let a late consumer off.
      if (target.watched !== undefined)
        await expect.poll(() => target.watched?.().reading, { timeout: 20_000 }).toBe(0)
      // What had reached the client before the server gave up; then the failure, up to 23.10. From 24.2 on, everything.
      stalled.on('data', (resolved) => take(resolved.event))
      const error = await Promise.race([failure, completed])
      // The loopback node is a 23.10.
      if (target.watched !== undefined) expect(error).toBeDefined()
      if (error !== undefined) {
        expect(error).toBeInstanceOf(TimeoutError)
        expect(error).toHaveProperty('code', 10)
        expect(received.length).toBeLessThan(total)
        for await (const resolved of client.readAll({ fromPosition: last })) {
          const known = resolved.event?.position
          if (known !== undefined && known.commit > last.commit) take(resolved.event)
        }
      }
      await stalled.unsubscribe()
      expect(received).toEqual(Array.from({ length: total }, (_, n) => n))
    })

    it('eventstoredb #57: unsubscribing frees the place on the server, leaving the loop does not', async () => {
      await client.appendToStream(fresh('seen'), event())
      // Over the 100 streams of a connection: if one cancellation did not reach the server, the last reads would wait for ever.
      for (let n = 0; n < 120; n += 1) {
        const subscription = client.subscribeToAll()
        await first(subscription)
        await subscription.unsubscribe()
      }
      expect(await drain(client.readAll({ maxCount: 1 }))).toBe(1)

      const leaked = client.subscribeToAll()
      await first(leaked)
      const watched = target.watched
      if (watched !== undefined) {
        await drain(client.readAll({ maxCount: 1 }))
        expect(watched().reading).toBe(1)
        const before = watched().cancelled
        await leaked.unsubscribe()
        await expect.poll(() => watched().reading).toBe(0)
        expect(watched().cancelled).toBe(before + 1)
      } else await leaked.unsubscribe()
    })

    it('eventstoredb #62: deleting a missing stream answers with numbers, unlike an append', async () => {
      const error = await thrown(client.deleteStream(fresh('never')))
      expect(error).toBeInstanceOf(WrongExpectedVersionError)
      expect(error).toMatchObject({ code: 9, expectedVersion: -2n, actualVersion: -1n })
    })

    it('eventstoredb #27: metadata bytes that parse as JSON come back parsed from the client', async () => {
      const stream = fresh('artefact')
      const bytes = Uint8Array.from(Buffer.from('[1]', 'utf8'))
      await client.appendToStream(stream, binaryEvent({ type: 'Noted', data: bytes, metadata: bytes }))
      for await (const { event: found } of client.readStream(stream)) {
        expect(found?.metadata).toEqual([1])
        expect(Buffer.from(found?.data as Uint8Array)).toEqual(Buffer.from(bytes))
      }
    })
  })
}
