import { open } from 'lmdb'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { placeKey } from '../../ledger/embedded/keys.ts'
import { speedOf, takeTurns, withWorkers, type Bench, type Speed } from './bench.ts'
import { inDirectory, syncsPerSecond } from './directory.ts'
import { openLives, sealMany, type Sealed } from './lives.ts'

export const writers = 128

/** Each writer has a stream of its own, and expects the revision that it wrote last. */
export const appendAll = async (path: string, events: readonly Sealed[]): Promise<Speed> => {
  const store = await openEmbeddedStore({ path })
  const revisions = new Map<number, number>()
  const speed = await speedOf(events.length, () =>
    withWorkers(writers, events.length, async (i, writer) => {
      const sealed = events[i]
      if (sealed === undefined) return
      const expected = revisions.get(writer) ?? 'no_stream'
      const { revision } = await store.append(`writer-${writer}`, [sealed.event], expected)
      revisions.set(writer, revision)
    }),
  )
  await store.close()
  return speed
}

/** One put an event, durable when it resolves: what a program without a ledger would do. */
const putAll = async (path: string, events: readonly Sealed[]): Promise<Speed> => {
  const database = open<Buffer, Buffer>({
    ...{ path, noSubdir: false, overlappingSync: false, cache: false },
    ...{ encoding: 'binary', keyEncoding: 'binary' },
  })
  const speed = await speedOf(events.length, () =>
    withWorkers(writers, events.length, async (i) => {
      const data = events[i]?.event.data
      if (data !== undefined) await database.put(placeKey(i), Buffer.from(data))
    }),
  )
  await database.close()
  return speed
}

export const append: Bench = {
  name: 'append',
  about: 'durable appends of one event each, by 128 concurrent writers, on the embedded store',
  run: async (asked) => {
    const events = await sealMany(await openLives(), asked.quick ? 4000 : 40_000)
    const octets = events.reduce((sum, { event }) => sum + event.data.length, 0) / events.length
    const { ours, bare } = await takeTurns(
      {
        ours: () => inDirectory((path) => appendAll(path, events)),
        bare: () => inDirectory((path) => putAll(path, events)),
      },
      asked,
    )
    const syncs = await inDirectory(async (path) =>
      syncsPerSecond(path, Math.round(octets), asked.quick ? 100 : 1000),
    )
    return {
      comparisons: [
        {
          ...{ what: '128 writers', unit: 'events/s', against: 'bare LMDB, one put an event', ours },
          baseline: bare,
          required: { speed: 10_000 },
        },
      ],
      notes: [
        `${events.length} events of ${Math.round(octets)} octets a round`,
        `the disk does ${Math.round(syncs)} writes with fdatasync a second, one after the other`,
      ],
    }
  },
}
