// Reads go page by page: a page is one consistent look at the tables, and between two pages nothing is held, so that a
// reader who takes his time neither pins old pages of the file nor buffers the log.
import { type Position, type ReadOptions, type RecordedEvent } from '../store.ts'
import { placeKey, revisionKey } from './keys.ts'
import { recordedFrom, tombstoneRevision } from './record.ts'
import { firstVisible, lookUp, oldestVisible, requireReadable, type Stream } from './streams.ts'
import { readOrdered } from './keys.ts'
import type { Tables } from './tables.ts'

const pageSize = 512

type View = Readonly<{ tables: Tables; now: () => number }>

/** Events of the log from `place` (inclusive) on, or before it (exclusive) backwards. */
export const logPage = (
  { log }: Tables,
  place: number,
  backwards: boolean,
  limit = pageSize,
): RecordedEvent[] => {
  const range = backwards
    ? { start: placeKey(place), end: Buffer.alloc(0), exclusiveStart: true, reverse: true, limit }
    : { start: placeKey(place), limit }
  const page: RecordedEvent[] = []
  // A range of a binary table hands out copies of its own: nothing of them is LMDB's memory.
  for (const { key, value } of log.getRange(range)) page.push(recordedFrom(readOrdered(key, 0), value))
  return page
}

/** Beyond every place there can be. */
const endOfLog = Number.MAX_SAFE_INTEGER

const startOf = (from: Position | 'start' | 'end' | undefined, backwards: boolean): number => {
  if (from === undefined) return backwards ? endOfLog : 0
  if (from === 'start') return 0
  return from === 'end' ? endOfLog : Number(from.commit)
}

export const readAll = async function* (
  { tables }: View,
  { from, direction, limit = Infinity }: ReadOptions<Position> = {},
): AsyncGenerator<RecordedEvent> {
  const backwards = direction === 'backwards'
  let place = startOf(from, backwards)
  let left = limit
  while (left > 0) {
    const page = logPage(tables, place, backwards, Math.min(pageSize, left))
    // Not `yield*`: it would wrap each event of the array in promises of its own.
    for (const event of page) yield event
    left -= page.length
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return
    place = Number(last.position.commit) + (backwards ? 0 : 1)
  }
}

type Span = Readonly<{ revision: number; backwards: boolean; lowest: number; limit: number }>

/** Events of a stream by its index, whatever its settings hide. */
export const streamPage = ({ index, log }: Tables, { prefix }: Stream, span: Span): RecordedEvent[] => {
  const { revision, backwards, lowest, limit } = span
  const range = backwards
    ? {
        start: revisionKey(prefix, revision),
        // LMDB leaves the end out; the bare prefix comes before revision 0.
        end: lowest === 0 ? prefix : revisionKey(prefix, lowest - 1),
        reverse: true,
        limit,
      }
    : {
        start: revisionKey(prefix, Math.max(revision, lowest)),
        end: revisionKey(prefix, tombstoneRevision),
        limit,
      }
  const page: RecordedEvent[] = []
  for (const { value } of index.getRange(range)) {
    const place = readOrdered(value, 0)
    const record = log.getBinary(placeKey(place))
    if (record === undefined) throw new Error('the index names an event that the log does not hold')
    page.push(recordedFrom(place, record))
  }
  return page.filter((event) => event.revision >= lowest)
}

export const readStream = async function* (
  { tables, now }: View,
  name: string,
  { from, direction, limit = Infinity }: ReadOptions<number> = {},
): AsyncGenerator<RecordedEvent> {
  const backwards = direction === 'backwards'
  const stream = lookUp(tables, name)
  requireReadable(stream)
  const [lowest, oldest] = [firstVisible(stream), oldestVisible(stream, now())]
  let revision = revisionFrom(from, backwards, stream.last)
  let left = limit
  while (left > 0 && revision >= 0 && revision <= stream.last) {
    const page = streamPage(tables, stream, { revision, backwards, lowest, limit: pageSize })
    const visible = page.filter(({ created }) => created.getTime() >= oldest).slice(0, left)
    for (const event of visible) yield event
    left -= visible.length
    const last = page.at(-1)
    if (last === undefined) return
    revision = last.revision + (backwards ? -1 : 1)
  }
}

const revisionFrom = (
  from: number | 'start' | 'end' | undefined,
  backwards: boolean,
  last: number,
): number => {
  if (from === undefined) return backwards ? last : 0
  if (from === 'start') return 0
  if (from === 'end') return backwards ? last : last + 1
  return backwards ? Math.min(from, last) : from
}
