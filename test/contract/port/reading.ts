// eventstoredb.md section 8, #21 and #34 to #44: what is written is read, in both directions, from anywhere.
import { describe, expect, it } from 'vitest'
import { type ReadOptions, StreamNotFound } from '../../../ledger/store.ts'
import {
  all,
  type Current,
  freshStream,
  idsOf,
  ofStreams,
  openTap,
  proposals,
  proposed,
  revisionsOf,
  strictlyIncreasing,
} from './target.ts'

export const reading = (current: Current): void => {
  const filled = async (count: number) => {
    const stream = freshStream()
    const list = proposals(count)
    const { position } = await current().store.append(stream, list, 'no_stream')
    return { stream, list, position: position! }
  }

  describe('reading a stream', () => {
    it('eventstoredb #34: a stream that is not there is said to be missing, by name', async () => {
      const stream = freshStream()
      await expect(all(current().store.readStream(stream))).rejects.toStrictEqual(new StreamNotFound(stream))
      await expect(
        all(current().store.readStream(stream, { direction: 'backwards', limit: 1 })),
      ).rejects.toStrictEqual(new StreamNotFound(stream))
    })

    const range = (from: number, to: number): readonly number[] =>
      Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => (from <= to ? from + n : from - n))
    type Row = readonly [string, number, ReadOptions<number>, readonly number[]]
    const rows: readonly Row[] = [
      ['#35: from the start, all in order', 100, {}, range(0, 99)],
      ['#35: five from 10 on', 100, { from: 10, limit: 5 }, range(10, 14)],
      ['#36: backwards, one is the last', 100, { from: 'end', direction: 'backwards', limit: 1 }, [99]],
      ['#36: backwards, three from 10 on', 100, { from: 10, direction: 'backwards', limit: 3 }, range(10, 8)],
      ['#36: backwards from the start, the first alone', 5, { from: 'start', direction: 'backwards' }, [0]],
      ['#37: forwards from past the end, none', 5, { from: 100 }, []],
      ['#37: backwards from past the end, all', 5, { from: 100, direction: 'backwards' }, range(4, 0)],
    ]
    it.each(rows)('eventstoredb %s', async (_, count, options, expected) => {
      const { stream, list } = await filled(count)
      const found = await all(current().store.readStream(stream, options))
      expect(revisionsOf(found)).toEqual(expected)
      expect(idsOf(found)).toEqual(expected.map((revision) => list[revision]!.id))
    })

    it('eventstoredb #38: a thousand events come once each, in order, to a reader who takes his time', async () => {
      const { store } = current()
      const stream = freshStream()
      // Together more than any window of the wire, so that the server has to wait.
      const list = proposals(1000).map((event) => ({ ...event, json: false, data: Buffer.alloc(2000, 1) }))
      for (let n = 0; n < 1000; n += 250)
        await store.append(stream, list.slice(n, n + 250), n === 0 ? 'no_stream' : n - 1)
      const found: string[] = []
      for await (const { id } of store.readStream(stream)) {
        found.push(id)
        if (found.length % 50 === 0) await all(store.readStream(stream, { direction: 'backwards', limit: 1 }))
      }
      expect(found).toEqual(idsOf(list))
    })
  })

  describe('reading all', () => {
    it('eventstoredb #40: the whole log is in the order of its places', async () => {
      const { store } = current()
      const [a, b] = [freshStream(), freshStream()]
      const list = proposals(6)
      for (const [n, one] of list.entries()) await store.append(n % 2 === 0 ? a : b, [one], 'any')
      const log = await all(store.readAll({ from: 'start' }))
      expect(strictlyIncreasing(log)).toBe(true)
      expect(log.every(({ position: { commit, prepare } }) => commit === prepare && commit > 0n)).toBe(true)
      expect(idsOf(log.filter(({ stream }) => stream === a || stream === b))).toEqual(idsOf(list))
    })

    it('eventstoredb #41: forwards from an event’s place begins with it', async () => {
      const { list, position } = await filled(2)
      const found = await all(current().store.readAll({ from: position, limit: 1 }))
      expect(idsOf(found)).toEqual([list[1]!.id])
    })

    it('eventstoredb #42: backwards from an event’s place begins before it', async () => {
      const { list, position } = await filled(2)
      const options = { from: position, direction: 'backwards', limit: 1 } as const
      expect(idsOf(await all(current().store.readAll(options)))).toEqual([list[0]!.id])
    })

    it('eventstoredb #43: behind the end and before the start there is nothing', async () => {
      await filled(1)
      const { store } = current()
      expect(await all(store.readAll({ from: 'end' }))).toEqual([])
      expect(await all(store.readAll({ from: 'start', direction: 'backwards' }))).toEqual([])
    })

    it('eventstoredb #44: an event has one place, however it is come by', async () => {
      const { store } = current()
      const { stream, position } = await filled(1)
      const [inStream] = await all(store.readStream(stream))
      const [inLog] = await ofStreams(current(), stream)
      const isOwn = (event: { stream: string }) => event.stream === stream
      const [inAll] = await openTap(store.subscribeToAll(), isOwn).events(1)
      const [live] = await openTap(store.subscribeToStream(stream)).events(1)
      expect([inStream, inLog, inAll, live].map((event) => event?.position)).toEqual(Array(4).fill(position))
    })
  })
}

/** Apart from the others, because everything is started anew on the way. */
export const restarting = (current: Current, restart: () => Promise<void>): void => {
  it('eventstoredb #21: an append repeated after a restart has its first result', async () => {
    const [stream, grown] = [freshStream(), freshStream()]
    const list = proposals(3)
    const [one, ...others] = proposals(6)
    const first = await current().store.append(stream, list, 'no_stream')
    const second = await current().store.append(grown, [one!], 'no_stream')
    await current().store.append(grown, others, 0)
    await restart()
    const { store } = current()
    expect(await store.append(stream, list, 'no_stream')).toEqual(first)
    expect(await store.append(grown, [one!], 'no_stream')).toEqual(second)
    expect(idsOf(await all(store.readStream(stream)))).toEqual(idsOf(list))
    expect(idsOf(await all(store.readStream(grown)))).toEqual(idsOf([one!, ...others]))
    const last = await store.append(grown, [proposed()], 5)
    expect(last.position!.commit).toBeGreaterThan(first.position!.commit)
  })
}
