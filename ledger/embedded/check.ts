// The expected-revision rules and the idempotency of an append, as the server has them (eventstoredb.md section 2).
import { type Appended, type Expected, StreamDeleted, WrongExpectedVersion } from '../store.ts'
import { placeKey } from './keys.ts'
import type { Recent } from './recent.ts'
import { recordedFrom, recordedId } from './record.ts'
import { firstVisible, isSoftDeleted, oldestVisible, type Stream } from './streams.ts'
import { placeOf, type Tables } from './tables.ts'

export type View = Readonly<{ tables: Tables; recent: Recent; now: () => number }>

/** What an append comes to: to be written, or already there. */
export type Verdict = Readonly<{ write: true }> | Readonly<{ write: false; appended: Appended }>

const write: Verdict = { write: true }

const wrong = (stream: Stream, expected: Expected): WrongExpectedVersion =>
  new WrongExpectedVersion(stream.name, expected, stream.last < 0 ? 'no_stream' : stream.last)

/** The answer to the original append, without its position where reads do not show that event any more. */
const again = ({ tables, now }: View, stream: Stream, revision: number): Verdict => {
  const place = placeOf(tables, stream.prefix, revision)
  const record = place === undefined ? undefined : tables.log.getBinary(placeKey(place))
  if (place === undefined || record === undefined || revision < firstVisible(stream))
    return { write: false, appended: { revision } }
  const { created, position } = recordedFrom(place, record)
  const hidden = created.getTime() < oldestVisible(stream, now())
  return { write: false, appended: hidden ? { revision } : { revision, position } }
}

const storedId = ({ tables }: View, stream: Stream, revision: number): string | undefined => {
  const place = placeOf(tables, stream.prefix, revision)
  const record = place === undefined ? undefined : tables.log.getBinary(placeKey(place))
  return record === undefined ? undefined : recordedId(record)
}

/** Of the ids in order: all are there, only the first ones, or not even the first. */
const compare = (ids: readonly string[], isThere: (id: string, i: number) => boolean) => {
  const different = ids.findIndex((id, i) => !isThere(id, i))
  return different < 0 ? 'all' : different === 0 ? 'none' : 'some'
}

const againstRevision = (view: View, stream: Stream, ids: readonly string[], expected: number): Verdict => {
  const shown = expected < 0 ? 'no_stream' : expected
  if (expected === stream.last) return write
  if (expected > stream.last || ids.length === 0) throw wrong(stream, shown)
  const found = compare(ids, (id, i) => storedId(view, stream, expected + 1 + i) === id)
  if (found === 'all') return again(view, stream, expected + ids.length)
  // A soft-deleted stream may begin anew, unless this was half of an append that it already holds.
  if (found === 'none' && expected < 0 && isSoftDeleted(stream)) return write
  throw wrong(stream, shown)
}

const againstMemory = (view: View, stream: Stream, ids: readonly string[], expected: Expected): Verdict => {
  const known = (id: string): number | undefined => view.recent.revisionOf(stream.name, id)
  const found = compare(ids, (id) => known(id) !== undefined)
  if (ids.length === 0 || found === 'none') return write
  if (found === 'some') throw wrong(stream, expected)
  return again(view, stream, known(ids.at(-1) ?? '') ?? stream.last)
}

/**
 * Whether the events with these ids are to be written to the stream as it stands.
 * @throws StreamDeleted, WrongExpectedVersion
 */
export const check = (view: View, stream: Stream, ids: readonly string[], expected: Expected): Verdict => {
  if (stream.tombstoned) throw new StreamDeleted(stream.name)
  if (expected === 'no_stream') return againstRevision(view, stream, ids, -1)
  if (typeof expected === 'number') return againstRevision(view, stream, ids, expected)
  if (expected === 'stream_exists') {
    if (isSoftDeleted(stream)) throw new StreamDeleted(stream.name)
    if (stream.last < 0 && !stream.hasSettings) throw wrong(stream, expected)
  }
  return againstMemory(view, stream, ids, expected)
}
