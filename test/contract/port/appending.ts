// eventstoredb.md section 8, #1 to #33: append, expected revision, idempotency, bytes, size, concurrency.
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  AppendTooLarge,
  type Expected,
  LedgerFault,
  type Position,
  type Proposed,
  StreamNotFound,
  WrongExpectedVersion,
} from '../../../ledger/store.ts'
import {
  all,
  type Current,
  freshStream,
  idsIn,
  idsOf,
  ofStreams,
  proposals,
  proposed,
  revisionsOf,
  strictlyIncreasing,
} from './target.ts'

/** What one append may hold (section 2). */
const mostOctets = 1_048_576

export const appending = (current: Current): void => {
  const append = (stream: string, events: readonly Proposed[], expected: Expected) =>
    current().store.append(stream, events, expected)
  const ids = (stream: string) => idsIn(current(), stream)
  const events = (stream: string) => all(current().store.readStream(stream))
  const refused = (stream: string, expected: Expected, actual: number | 'no_stream') =>
    new WrongExpectedVersion(stream, expected, actual)

  describe('append and expected revision', () => {
    it('eventstoredb #1: the first event has revision 0, a place behind 0, and comes back as it went in', async () => {
      const stream = freshStream()
      const one = proposed({ metadata: Buffer.from('{"m":1}', 'utf8') })
      const { revision, position } = await append(stream, [one], 'no_stream')
      expect(revision).toBe(0)
      expect(position!.commit).toBeGreaterThan(0n)
      expect(position!.prepare).toBe(position!.commit)
      const [found, ...others] = await events(stream)
      expect(others).toEqual([])
      expect({ ...found, data: Buffer.from(found!.data), metadata: Buffer.from(found!.metadata!) }).toEqual({
        ...one,
        ...{ stream, revision: 0, position, created: found!.created },
      })
    })

    it('eventstoredb #2: the events of one append lie behind one another, in stream and log', async () => {
      const stream = freshStream()
      const list = proposals(3)
      const { revision, position } = await append(stream, list, 'no_stream')
      const found = await events(stream)
      expect(revision).toBe(2)
      expect(found.at(-1)?.position).toEqual(position)
      expect(strictlyIncreasing(found)).toBe(true)
      const between: string[] = []
      for await (const event of current().store.readAll({ from: found[0]!.position })) {
        if (!event.type.startsWith('$')) between.push(event.id)
        if (event.position.commit === position!.commit) break
      }
      expect(between).toEqual(idsOf(list))
    })

    it('eventstoredb #3: a second stream of the same name is refused', async () => {
      const stream = freshStream()
      const one = proposed()
      await append(stream, [one], 'no_stream')
      await expect(append(stream, [proposed()], 'no_stream')).rejects.toStrictEqual(
        refused(stream, 'no_stream', 0),
      )
      expect(await ids(stream)).toEqual([one.id])
    })

    it('eventstoredb #4: the last revision is the one to append behind', async () => {
      const stream = freshStream()
      const list = proposals(4)
      await append(stream, list.slice(0, 3), 'no_stream')
      expect(await append(stream, list.slice(3), 2)).toMatchObject({ revision: 3 })
      expect(await ids(stream)).toEqual(idsOf(list))
    })

    it.each([
      ['#5: a revision that the stream has not reached', 1, 5, 0],
      ['#6: a revision that the stream has passed', 4, 1, 3],
      ['#7: a revision of a stream that is not there', 0, 0, 'no_stream'],
      ['#8: a stream that should be there', 0, 'stream_exists', 'no_stream'],
    ] as const)('eventstoredb %s is refused, and nothing is written', async (_, held, expected, actual) => {
      const stream = freshStream()
      const list = proposals(held)
      if (held > 0) await append(stream, list, 'no_stream')
      await expect(append(stream, [proposed()], expected)).rejects.toStrictEqual(
        refused(stream, expected, actual),
      )
      if (held > 0) expect(await ids(stream)).toEqual(idsOf(list))
      else await expect(ids(stream)).rejects.toStrictEqual(new StreamNotFound(stream))
    })

    it('eventstoredb #9: an existing stream, and any, append behind what is there', async () => {
      const stream = freshStream()
      await append(stream, [proposed()], 'no_stream')
      for (const [i, expected] of (['stream_exists', 'any', 'any'] as const).entries())
        expect(await append(stream, [proposed()], expected)).toMatchObject({ revision: i + 1 })
      expect(revisionsOf(await events(stream))).toEqual([0, 1, 2, 3])
    })
  })

  describe('idempotency', () => {
    it('eventstoredb #10: a repeated append has its first result', async () => {
      const stream = freshStream()
      const list = proposals(3)
      const first = await append(stream, list, 'no_stream')
      expect(await append(stream, list, 'no_stream')).toEqual(first)
      expect(await ids(stream)).toEqual(idsOf(list))
    })

    it('eventstoredb #11: the result is that of the event, not of the stream as it now is', async () => {
      const stream = freshStream()
      const [one, ...others] = proposals(6)
      const first = await append(stream, [one!], 'no_stream')
      await append(stream, others, 0)
      expect(await append(stream, [one!], 'no_stream')).toEqual(first)
      expect(await ids(stream)).toHaveLength(6)
    })

    it('eventstoredb #12: so it is in the middle of a stream', async () => {
      const stream = freshStream()
      const list = proposals(7)
      await append(stream, list.slice(0, 4), 'no_stream')
      const fifth = await append(stream, list.slice(4, 5), 3)
      await append(stream, list.slice(5), 4)
      expect(fifth.revision).toBe(4)
      expect(await append(stream, list.slice(4, 5), 3)).toEqual(fifth)
      expect(await ids(stream)).toEqual(idsOf(list))
    })

    it('eventstoredb #13: the id alone decides, and the first data stay', async () => {
      const stream = freshStream()
      const one = proposed()
      const first = await append(stream, [one], 'no_stream')
      const other = { ...one, data: Buffer.from('{"n":2}', 'utf8') }
      expect(await append(stream, [other], 'no_stream')).toEqual(first)
      expect((await events(stream)).map(({ data }) => Buffer.from(data).toString('utf8'))).toEqual([
        '{"n":1}',
      ])
    })

    it('eventstoredb #14: the first events of an append are that append', async () => {
      const stream = freshStream()
      const list = proposals(3)
      await append(stream, list, 'no_stream')
      expect(await append(stream, list.slice(0, 2), 'no_stream')).toMatchObject({ revision: 1 })
      expect(await ids(stream)).toEqual(idsOf(list))
    })

    it('eventstoredb #15: one event more is another append', async () => {
      const stream = freshStream()
      const list = proposals(3)
      await append(stream, list.slice(0, 2), 'no_stream')
      await expect(append(stream, list, 'no_stream')).rejects.toStrictEqual(refused(stream, 'no_stream', 1))
      expect(await ids(stream)).toEqual(idsOf(list.slice(0, 2)))
    })

    it('eventstoredb #16: one event changed is another append', async () => {
      const stream = freshStream()
      const list = proposals(2)
      await append(stream, list, 'no_stream')
      await expect(append(stream, [list[0]!, proposed()], 'no_stream')).rejects.toStrictEqual(
        refused(stream, 'no_stream', 1),
      )
      expect(await ids(stream)).toEqual(idsOf(list))
    })

    it('eventstoredb #17: behind the last revision no id is looked at', async () => {
      const stream = freshStream()
      const one = proposed()
      await append(stream, [one], 'no_stream')
      expect(await append(stream, [one], 0)).toMatchObject({ revision: 1 })
      expect(await ids(stream)).toEqual([one.id, one.id])
    })

    it('eventstoredb #18: repeated at once without a revision, it is known', async () => {
      const stream = freshStream()
      const one = proposed()
      const first = await append(stream, [one], 'any')
      expect(first.revision).toBe(0)
      expect(await append(stream, [one], 'any')).toEqual(first)
      expect(await ids(stream)).toEqual([one.id])
    })

    it('eventstoredb #19: without a revision, an unknown first event makes a new append', async () => {
      const stream = freshStream()
      const list = proposals(2)
      const another = proposed()
      await append(stream, list, 'no_stream')
      expect(await append(stream, [another, list[1]!], 'any')).toMatchObject({ revision: 3 })
      expect(await ids(stream)).toEqual([...idsOf(list), another.id, list[1]!.id])
    })

    it('eventstoredb #20: without a revision, a known event before an unknown one is refused', async () => {
      const stream = freshStream()
      const one = proposed()
      await append(stream, [one], 'any')
      await expect(append(stream, [one, proposed()], 'any')).rejects.toStrictEqual(refused(stream, 'any', 0))
      expect(await ids(stream)).toEqual([one.id])
    })

    it('eventstoredb #23: one id in two streams is two events', async () => {
      const streams = [freshStream(), freshStream()]
      const one = proposed()
      const first = []
      for (const stream of streams) first.push(await append(stream, [one], 'no_stream'))
      const again = []
      for (const stream of streams) again.push(await append(stream, [one], 'no_stream'))
      expect(again).toEqual(first)
      expect((await ofStreams(current(), ...streams)).map(({ stream }) => stream)).toEqual(streams)
    })
  })

  describe('what is appended', () => {
    it('eventstoredb #25: 1,048,576 octets of data are the most that one append holds', async () => {
      const sized = (octets: number) => proposed({ type: 'N', json: false, data: Buffer.alloc(octets, 1) })
      const [whole, over, split] = [freshStream(), freshStream(), freshStream()]
      expect(await append(whole, [sized(mostOctets)], 'no_stream')).toMatchObject({ revision: 0 })
      expect((await events(whole))[0]!.data).toHaveLength(mostOctets)
      for (const [stream, list] of [
        [over, [sized(mostOctets + 1)]],
        [split, [sized(mostOctets), sized(1)]],
      ] as const) {
        await expect(append(stream, list, 'no_stream')).rejects.toStrictEqual(new AppendTooLarge(mostOctets))
        await expect(ids(stream)).rejects.toStrictEqual(new StreamNotFound(stream))
      }
    })

    it('eventstoredb #26: every octet comes back, and none from none', async () => {
      const stream = freshStream()
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n)
      const list = [bytes, new Uint8Array()].map((data) => proposed({ json: false, data }))
      await append(stream, list, 'no_stream')
      const found = await events(stream)
      expect(found.map(({ data }) => [...data])).toEqual([[...bytes], []])
      expect(found.map(({ json }) => json)).toEqual([false, false])
    })

    it('eventstoredb #27: metadata that are absent, JSON or octets come back so', async () => {
      const stream = freshStream()
      const given = [undefined, Buffer.from('{"cause": 1}', 'utf8'), Uint8Array.of(1, 2)]
      const list = given.map((metadata) => proposed(metadata === undefined ? {} : { metadata }))
      await append(stream, list, 'no_stream')
      const found = (await events(stream)).map(({ metadata }) => metadata && [...metadata])
      expect(found).toEqual(given.map((metadata) => metadata && [...metadata]))
    })

    it('eventstoredb #28: an id reads back in lower case, and is the same one', async () => {
      const stream = freshStream()
      const id = randomUUID()
      const first = await append(stream, [proposed({ id: id.toUpperCase() })], 'no_stream')
      expect(await ids(stream)).toEqual([id])
      expect(await append(stream, [proposed({ id })], 'no_stream')).toEqual(first)
    })

    it('eventstoredb #29: an event says when it was written', async () => {
      const stream = freshStream()
      // The server's clock is not ours.
      const before = Date.now() - 2000
      await append(stream, [proposed()], 'no_stream')
      const after = Date.now() + 2000
      const created = (await events(stream))[0]!.created.getTime()
      expect(created).toBeGreaterThanOrEqual(before)
      expect(created).toBeLessThanOrEqual(after)
    })
  })

  describe('concurrency', () => {
    it('eventstoredb #31: of fifty who want to be first, one is', async () => {
      const stream = freshStream()
      const { store, beside } = current()
      const list = proposals(50)
      const sent = list.map((one, n) => (n % 2 === 0 ? store : beside).append(stream, [one], 'no_stream'))
      const outcomes = await Promise.allSettled(sent)
      const lost = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      )
      expect(lost).toStrictEqual(Array.from({ length: 49 }, () => refused(stream, 'no_stream', 0)))
      expect(await ids(stream)).toEqual([
        list[outcomes.findIndex(({ status }) => status === 'fulfilled')]!.id,
      ])
    })

    it('eventstoredb #32: fifty appends to fifty streams have fifty places, and the log has their order', async () => {
      const { store, beside } = current()
      const streams = Array.from({ length: 50 }, freshStream)
      const appended = await Promise.all(
        streams.map((stream, n) => (n % 2 === 0 ? store : beside).append(stream, [proposed()], 'no_stream')),
      )
      const byPlace = appended
        .map(({ position }, n) => ({ stream: streams[n]!, commit: position!.commit }))
        .sort((a, b) => (a.commit < b.commit ? -1 : 1))
      const found = await ofStreams(current(), ...streams)
      expect(new Set(byPlace.map(({ commit }) => commit)).size).toBe(50)
      expect(found.map(({ stream, position }) => ({ stream, commit: position.commit }))).toEqual(byPlace)
    })

    it('eventstoredb #33: two identical appends at once are one event, with one result', async () => {
      const stream = freshStream()
      const { store, beside } = current()
      const one = proposed()
      const outcomes = await Promise.allSettled([
        store.append(stream, [one], 'no_stream'),
        beside.append(stream, [one], 'no_stream'),
      ])
      const places: (Position | undefined)[] = []
      for (const outcome of outcomes) {
        // A server may leave one of the two unanswered; then the same list again has the answer.
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LedgerFault)
        const { revision, position } =
          outcome.status === 'fulfilled' ? outcome.value : await append(stream, [one], 'no_stream')
        expect(revision).toBe(0)
        places.push(position)
      }
      const [found, ...others] = await events(stream)
      expect(others).toEqual([])
      expect(places).toEqual([found!.position, found!.position])
    })
  })
}
