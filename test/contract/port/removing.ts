// eventstoredb.md section 8, #58 to #66: soft delete, tombstone, and the settings that hide events.
import { describe, expect, it } from 'vitest'
import { StreamDeleted, StreamNotFound, WrongExpectedVersion } from '../../../ledger/store.ts'
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
} from './target.ts'

export const removing = (current: Current): void => {
  const filled = async (count: number) => {
    const stream = freshStream()
    const list = proposals(count)
    await current().store.append(stream, list, 'no_stream')
    return { stream, list }
  }
  const softDeleted = async () => {
    const made = await filled(3)
    await current().store.deleteStream(made.stream)
    return made
  }
  const expectMissing = (stream: string) =>
    expect(idsIn(current(), stream)).rejects.toStrictEqual(new StreamNotFound(stream))

  describe('soft delete', () => {
    it('eventstoredb #58: the stream is gone, its events are in the log, and so is the deletion', async () => {
      const { stream, list } = await softDeleted()
      await expectMissing(stream)
      const found = await ofStreams(current(), stream, `$$${stream}`)
      expect(idsOf(found.slice(0, 3))).toEqual(idsOf(list))
      expect(found.slice(3).map(({ type, stream: where }) => [type, where])).toEqual([
        ['$metadata', `$$${stream}`],
      ])
      expect(Buffer.from(found[3]!.data).toString('utf8')).toContain('9223372036854775807')
    })

    it.each([['#59', 'no_stream'] as const, ['#60', 2] as const, ['#59', 'any'] as const])(
      'eventstoredb %s: what is appended with %s brings it back from there on',
      async (_, expected) => {
        const { store } = current()
        const { stream } = await softDeleted()
        expect(await store.append(stream, [proposed()], expected)).toMatchObject({ revision: 3 })
        expect(revisionsOf(await all(store.readStream(stream, { from: 'start' })))).toEqual([3])
        expect(await ofStreams(current(), stream)).toHaveLength(4)
      },
    )

    it('eventstoredb #60: an append to an existing stream is refused', async () => {
      const { stream } = await softDeleted()
      await expect(current().store.append(stream, [proposed()], 'stream_exists')).rejects.toStrictEqual(
        new StreamDeleted(stream),
      )
      await expectMissing(stream)
    })

    it('eventstoredb #61: the original append repeated is known, without a place, and brings nothing back', async () => {
      const { stream, list } = await softDeleted()
      expect(await current().store.append(stream, list, 'no_stream')).toEqual({ revision: 2 })
      await expectMissing(stream)
    })

    it('eventstoredb #62: what is not there cannot be deleted', async () => {
      const stream = freshStream()
      await expect(current().store.deleteStream(stream)).rejects.toStrictEqual(
        new WrongExpectedVersion(stream, 'any', 'no_stream'),
      )
      expect(await ofStreams(current(), stream, `$$${stream}`)).toEqual([])
    })

    it('eventstoredb #62: nor a stream at another revision than the one expected', async () => {
      const { stream, list } = await filled(2)
      await expect(current().store.deleteStream(stream, 0)).rejects.toStrictEqual(
        new WrongExpectedVersion(stream, 0, 1),
      )
      expect(await idsIn(current(), stream)).toEqual(idsOf(list))
    })
  })

  describe('tombstone', () => {
    it.each([3, 0])('eventstoredb #63: a stream of %s events is closed for good', async (count) => {
      const { store } = current()
      const { stream } = count === 0 ? { stream: freshStream() } : await filled(count)
      await store.tombstoneStream(stream)
      const closed = new StreamDeleted(stream)
      await expect(idsIn(current(), stream)).rejects.toStrictEqual(closed)
      for (const expected of ['no_stream', 'any', 'stream_exists', 2] as const)
        await expect(store.append(stream, [proposed()], expected)).rejects.toStrictEqual(closed)
      await expect(store.tombstoneStream(stream)).rejects.toStrictEqual(closed)
      const found = await ofStreams(current(), stream)
      expect(found).toHaveLength(count + 1)
      expect(found.at(-1)).toMatchObject({
        ...{ type: '$streamDeleted', revision: Number(9_223_372_036_854_775_807n), json: false },
      })
    })
  })

  describe('settings', () => {
    it('eventstoredb #64: a stream shows its newest events, the log all', async () => {
      const { store } = current()
      const { stream } = await filled(5)
      await store.setStreamMetadata(stream, { maxCount: 2 })
      expect(revisionsOf(await all(store.readStream(stream)))).toEqual([3, 4])
      expect(revisionsOf(await all(store.readStream(stream, { direction: 'backwards' })))).toEqual([4, 3])
      expect(revisionsOf(await ofStreams(current(), stream))).toEqual([0, 1, 2, 3, 4])
    })

    it.each([
      [3, [3, 4]],
      [5, []],
    ])('eventstoredb #65: truncated before %s of 5, it shows %j', async (truncateBefore, expected) => {
      const { store } = current()
      const { stream } = await filled(5)
      await store.setStreamMetadata(stream, { truncateBefore })
      expect(revisionsOf(await all(store.readStream(stream, { from: 'start' })))).toEqual(expected)
      expect(await store.append(stream, [proposed()], 4)).toMatchObject({ revision: 5 })
      expect(revisionsOf(await all(store.readStream(stream)))).toEqual([...expected, 5])
    })

    it('eventstoredb #66: the newest settings are the settings, and all that their stream shows', async () => {
      const { store } = current()
      const { stream } = await filled(5)
      await store.setStreamMetadata(stream, { maxCount: 1 })
      await store.setStreamMetadata(stream, { truncateBefore: 2 })
      expect(revisionsOf(await all(store.readStream(stream)))).toEqual([2, 3, 4])
      const settings = await all(store.readStream(`$$${stream}`))
      expect(
        settings.map(({ type, revision, data }) => [type, revision, Buffer.from(data).toString()]),
      ).toEqual([['$metadata', 1, '{"$tb":2}']])
    })
  })
}
