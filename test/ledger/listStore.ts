// An event store over a list: as much of the port as the sealed ledger uses. The contract suite knows the real ones.
import {
  comparePositions,
  StreamNotFound,
  WrongExpectedVersion,
  type Delivery,
  type EventStore,
  type Position,
  type ReadOptions,
  type RecordedEvent,
} from '../../ledger/store.ts'

const isBackwards = ({ direction }: ReadOptions<unknown>): boolean => direction === 'backwards'

/** The index that a read begins at (backwards: before). */
const indexOf = <From>(
  options: ReadOptions<From>,
  length: number,
  countBefore: (from: From) => number,
): number => {
  const from = options.from ?? (isBackwards(options) ? 'end' : 'start')
  return from === 'start' ? 0 : from === 'end' ? length : countBefore(from)
}

const cut = (records: readonly RecordedEvent[], index: number, options: ReadOptions<unknown>) =>
  (isBackwards(options) ? records.slice(0, index).reverse() : records.slice(index)).slice(0, options.limit)

export const openListStore = (records: RecordedEvent[] = []): EventStore => {
  const listeners = new Set<() => void>()
  const of = (stream: string): RecordedEvent[] => records.filter((record) => record.stream === stream)
  const absent = (): never => {
    throw new Error('not of this store')
  }
  return {
    append: async (stream, events, expected) => {
      const last = of(stream).length - 1
      const from = expected === 'no_stream' ? -1 : expected
      const there = of(stream).slice(Number(from) + 1)
      const last1 = there.at(events.length - 1)
      if (typeof from === 'number' && from !== last) {
        if (last1 !== undefined && events.every(({ id }, i) => there[i]?.id === id))
          return { revision: last1.revision, position: last1.position }
        throw new WrongExpectedVersion(stream, expected, last < 0 ? 'no_stream' : last)
      }
      for (const [i, { id, type, data, json }] of events.entries()) {
        const at = BigInt(records.length + 1)
        const place = { revision: last + 1 + i, position: { commit: at, prepare: at } }
        records.push({ id, type, stream, json, data: Uint8Array.from(data), created: new Date(0), ...place })
      }
      for (const wake of [...listeners]) wake()
      return { revision: last + events.length, position: records.at(-1)!.position }
    },
    readStream: async function* (stream, options = {}) {
      const held = of(stream)
      if (held.length === 0) throw new StreamNotFound(stream)
      const index = indexOf(options, held.length, (revision) => revision)
      yield* cut(held, isBackwards(options) ? index + 1 : index, options)
    },
    readAll: async function* (options = {}) {
      const before = (from: Position): number =>
        records.filter(({ position }) => comparePositions(position, from) < 0).length
      yield* cut(records, indexOf(options, records.length, before), options)
    },
    subscribeToAll: (options = {}) => {
      const { after } = options
      let next = typeof after === 'object' ? records.findIndex((r) => r.position.commit > after.commit) : 0
      if (next < 0) next = records.length
      let stopped = false
      let wake: () => void = () => undefined
      const deliveries = async function* (): AsyncGenerator<Delivery> {
        let caughtUp = false
        while (!stopped) {
          const event = records[next]
          if (event !== undefined) {
            next += 1
            yield { kind: 'event', event }
          } else if (!caughtUp) {
            caughtUp = true
            yield { kind: 'caughtUp' }
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve
              listeners.add(resolve)
            })
            listeners.delete(wake)
          }
        }
      }
      return {
        [Symbol.asyncIterator]: deliveries,
        unsubscribe: async () => {
          stopped = true
          wake()
        },
      }
    },
    ...{
      subscribeToStream: absent,
      deleteStream: absent,
      tombstoneStream: absent,
      setStreamMetadata: absent,
    },
    close: async () => undefined,
  }
}
