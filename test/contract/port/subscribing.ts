// eventstoredb.md section 8, #46 to #54, #57 and #67: catch up, then live; each event once, in order; resume and stop.
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Delivery, Filter, Position, RecordedEvent } from '../../../ledger/store.ts'
import {
  type Current,
  freshStream,
  idsOf,
  openTap,
  proposals,
  proposed,
  revisionsOf,
  strictlyIncreasing,
  type Tap,
} from './target.ts'

export const subscribing = (current: Current): void => {
  const append = (stream: string, events: ReturnType<typeof proposals>) =>
    current().store.append(stream, events, 'any')
  const of =
    (...streams: readonly string[]) =>
    (event: RecordedEvent) =>
      streams.includes(event.stream)

  describe('subscribing', () => {
    it('eventstoredb #46: history, then caught up once, then what is new, each event once', async () => {
      const { store } = current()
      const stream = freshStream()
      const list = proposals(7)
      await append(stream, list.slice(0, 3))
      const tap = openTap(store.subscribeToAll({ after: 'start' }), of(stream))
      const seen: string[] = []
      const note = async (): Promise<void> => {
        const delivery = (await tap.next())!
        seen.push(delivery.kind === 'event' ? delivery.event.id : delivery.kind)
      }
      for (let n = 0; n < 4; n += 1) await note()
      for (const one of list.slice(3)) {
        await append(stream, [one])
        await note()
      }
      expect(seen).toEqual([...idsOf(list.slice(0, 3)), 'caughtUp', ...idsOf(list.slice(3))])
    })

    it('eventstoredb #47: from an event’s place, the one behind it comes first', async () => {
      const stream = freshStream()
      const [first, ...others] = proposals(3)
      const { position } = await append(stream, [first!])
      await append(stream, others)
      const tap = openTap(
        current().store.subscribeToAll({ after: position!, afterId: first!.id }),
        of(stream),
      )
      expect(idsOf(await tap.untilCaughtUp())).toEqual(idsOf(others))
    })

    it('eventstoredb #48: the place 0/0 is the start', async () => {
      const { store } = current()
      await append(freshStream(), proposals(3))
      const first = async (after: Position | 'start') =>
        (await openTap(store.subscribeToAll({ after })).events(1))[0]!
      const start = await first('start')
      expect(await first({ commit: 0n, prepare: 0n })).toEqual(start)
      expect(start.position.commit).toBeGreaterThan(0n)
    })

    it('eventstoredb #49: from the end, only what comes after', async () => {
      const { store } = current()
      const stream = freshStream()
      await append(stream, proposals(2))
      const taps = [
        openTap(store.subscribeToAll({ after: 'end' }), of(stream)),
        openTap(store.subscribeToStream(stream, { after: 'end' })),
      ]
      for (const tap of taps) expect(await tap.untilCaughtUp()).toEqual([])
      const one = proposed()
      await append(stream, [one])
      for (const tap of taps) expect(idsOf(await tap.events(1))).toEqual([one.id])
    })

    it.each([['start', 0] as const, [0, 1] as const, [3, 4] as const])(
      'eventstoredb #50: a stream after revision %s begins with %s',
      async (after, first) => {
        const stream = freshStream()
        await append(stream, proposals(6))
        const tap = openTap(current().store.subscribeToStream(stream, { after }))
        const rest = [0, 1, 2, 3, 4, 5].slice(first)
        expect(revisionsOf(await tap.events(rest.length))).toEqual(rest)
      },
    )

    it('eventstoredb #51: a stream that is not there yet is waited for', async () => {
      const stream = freshStream()
      const tap = openTap(current().store.subscribeToStream(stream))
      const awaited = tap.events(2)
      const list = proposals(2)
      for (const one of list) await append(stream, [one])
      expect(idsOf(await awaited)).toEqual(idsOf(list))
    })

    it('eventstoredb #57: who unsubscribes gets no more, not even what he was waiting for', async () => {
      const { store } = current()
      const stream = freshStream()
      await append(stream, proposals(1))
      for (const subscription of [store.subscribeToAll(), store.subscribeToStream(stream)]) {
        const tap = openTap(subscription, of(stream))
        await tap.untilCaughtUp()
        const pending = tap.next()
        await subscription.unsubscribe()
        await append(stream, proposals(1))
        expect([await pending, await tap.next()]).toEqual([undefined, undefined])
      }
    })
  })

  describe('filters', () => {
    const mark = randomUUID().slice(0, 8)
    const names = ['a', 'ab', 'b'].map((name) => `${mark}.${name}_${randomUUID()}`)
    const types = ['Made', 'MadeAgain', 'Undone'].map((type) => `${type}.${mark}`)
    const filters: readonly (readonly [string, Filter, (stream: number, type: number) => boolean])[] = [
      ['stream prefixes', { streamPrefixes: [`${mark}.a_`, `${mark}.b`] }, (s) => s !== 1],
      ['a stream regex', { streamRegex: `^${mark}\\.ab?_` }, (s) => s !== 2],
      ['type prefixes', { typePrefixes: [`Made.${mark}`, `Undone.${mark}`] }, (_, t) => t !== 1],
      ['a type regex, unanchored', { typeRegex: `Again\\.${mark}$` }, (_, t) => t === 1],
      ['no prefix at all', { typePrefixes: [] }, () => false],
    ]
    it.each(filters)('eventstoredb #52: %s let through what matches, in order', async (_, filter, wanted) => {
      const { store } = current()
      const { position } = await append(freshStream(), proposals(1))
      const expected: string[] = []
      for (const [s, stream] of names.entries())
        for (const [t, type] of types.entries()) {
          const one = proposed({ type })
          await append(stream, [one])
          if (wanted(s, t)) expected.push(one.id)
        }
      const history = openTap(store.subscribeToAll({ after: position!, filter }))
      expect(idsOf(await history.untilCaughtUp())).toEqual(expected)
    })

    it('eventstoredb #53: who resumes from any checkpoint misses no match', async () => {
      const { store } = current()
      const [stream, other] = [freshStream(), freshStream()]
      const matching = proposals(6)
      const filter = { streamPrefixes: [stream] }
      const { position } = await append(other, proposals(1))
      for (const one of matching.slice(0, 5)) {
        await append(stream, [one])
        await append(other, proposals(40))
      }
      const subscribe = (after: Position) =>
        openTap(store.subscribeToAll({ after, filter, window: 10, checkpointInterval: 2 }))
      const deliveries: Delivery[] = []
      const tap = subscribe(position!)
      const note = async (): Promise<Delivery> => {
        const delivery = (await tap.next())!
        deliveries.push(delivery)
        return delivery
      }
      const isEvent = ({ kind }: Delivery): boolean => kind === 'event'
      while ((await note()).kind !== 'caughtUp');
      await append(stream, matching.slice(5))
      while (!isEvent(await note()));

      const checkpoints = deliveries.flatMap((delivery, n) =>
        delivery.kind === 'checkpoint'
          ? [{ position: delivery.position, before: deliveries.slice(0, n).filter(isEvent).length }]
          : [],
      )
      expect(checkpoints.length).toBeGreaterThanOrEqual(1)
      const commits = checkpoints.map((checkpoint) => checkpoint.position.commit)
      expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)))
      for (const checkpoint of checkpoints) {
        const again = subscribe(checkpoint.position)
        const expected = idsOf(matching.slice(checkpoint.before))
        expect(idsOf(await throughLast(again, expected)).slice(-expected.length)).toEqual(expected)
      }
    })

    /** Everything up to the last of the ids; a checkpoint may lie before events that were already delivered. */
    const throughLast = async (tap: Tap, ids: readonly string[]): Promise<readonly RecordedEvent[]> => {
      const found: RecordedEvent[] = []
      while (found.at(-1)?.id !== ids.at(-1)) found.push(...(await tap.events(1)))
      return found
    }
  })

  describe('subscribing under load', () => {
    it('eventstoredb #54: two thousand appends on the way come once each, in order', async () => {
      const { store } = current()
      const [writers, each] = [20, 100]
      const streams = Array.from({ length: writers }, freshStream)
      const isOwn = of(...streams)
      const { position } = await append(freshStream(), proposals(1))
      const early = openTap(store.subscribeToAll({ after: position! }), isOwn).events(writers * each)
      const written: { id: string; commit: bigint }[] = []
      const write = async (stream: string): Promise<void> => {
        for (let n = 0; n < each; n += 1) {
          const one = proposed()
          const appended = await store.append(stream, [one], n === 0 ? 'no_stream' : n - 1)
          written.push({ id: one.id, commit: appended.position!.commit })
        }
      }
      const writing = Promise.all(streams.map(write))
      // A second one begins in the middle, from where the first then was.
      const late = openTap(store.subscribeToAll({ after: position! }), isOwn)
      const [head] = [await late.events(writers * 10)]
      const resumed = openTap(store.subscribeToAll({ after: head.at(-1)!.position }), isOwn)
      const tail = await resumed.events(writers * (each - 10))
      await writing

      const expected = idsOf(written.sort((a, b) => (a.commit < b.commit ? -1 : 1)))
      const seen = await early
      expect(idsOf(seen)).toEqual(expected)
      expect(strictlyIncreasing(seen)).toBe(true)
      expect(idsOf([...head, ...tail])).toEqual(expected)
    })

    it('eventstoredb #67: the event behind a place that is hidden, or scavenged, is not skipped', async () => {
      const { store, scavenge } = current()
      const [gone, stream] = [freshStream(), freshStream()]
      const { position } = await append(gone, proposals(1))
      const list = proposals(2)
      await append(stream, list)
      await store.deleteStream(gone)
      await scavenge?.()
      const tap = openTap(store.subscribeToAll({ after: position! }), of(stream))
      expect(idsOf(await tap.events(2))).toEqual(idsOf(list))
    })
  })
}
