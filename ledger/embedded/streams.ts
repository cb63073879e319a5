// What a stream is, derived from the two tables alone: nothing is stored about it that could disagree with its events.
import { StreamDeleted, StreamNotFound } from '../store.ts'
import { streamPrefix } from './keys.ts'
import { recordedFrom, tombstoneRevision } from './record.ts'
import { lastRevision, placeOf, type Tables } from './tables.ts'
import { placeKey } from './keys.ts'

/** The settings in `$$S` as they stand: `$tb`, `$maxCount`, `$maxAge` act, the rest is kept. */
export type Settings = Readonly<Record<string, unknown>>

export type Stream = Readonly<{
  name: string
  prefix: Buffer
  /** Last revision, -1 where there is no event. */
  last: number
  tombstoned: boolean
  settings: Settings
  /** Whether `$$S` holds an event: for `stream_exists`, a stream with settings alone exists. */
  hasSettings: boolean
}>

export const isMetastream = (name: string): boolean => name.startsWith('$$')

/** `$tb` of a soft-deleted stream: what JSON makes of 9223372036854775807. */
const truncatedAway = 2 ** 63

const parse = (data: Uint8Array): Settings => {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    // Malformed settings are no settings (eventstoredb.md section 5).
    return {}
  }
}

const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined

const settingsIn = (tables: Tables, prefix: Buffer, revision: number): Settings => {
  const place = placeOf(tables, prefix, revision)
  const record = place === undefined ? undefined : tables.log.getBinary(placeKey(place))
  if (place === undefined || record === undefined) return {}
  const event = recordedFrom(place, record)
  return event.json ? parse(event.data) : {}
}

/** The stream as it stands in the current transaction. */
export const lookUp = (tables: Tables, name: string): Stream => {
  const prefix = streamPrefix(name)
  const last = lastRevision(tables, prefix)
  if (isMetastream(name)) {
    // The settings of a tombstoned stream are gone with it. Only the newest event of a metastream counts.
    const original = lastRevision(tables, streamPrefix(name.slice(2)))
    const tombstoned = original === tombstoneRevision
    return { name, prefix, last, tombstoned, settings: { $maxCount: 1 }, hasSettings: false }
  }
  const metastream = streamPrefix(`$$${name}`)
  const lastSettings = lastRevision(tables, metastream)
  const settings = lastSettings < 0 ? {} : settingsIn(tables, metastream, lastSettings)
  return {
    name,
    prefix,
    last,
    tombstoned: last === tombstoneRevision,
    settings,
    hasSettings: lastSettings >= 0,
  }
}

export const isSoftDeleted = ({ settings }: Stream): boolean => count(settings['$tb']) === truncatedAway

/** The lowest revision that reads show. */
export const firstVisible = ({ settings, last }: Stream): number => {
  const kept = count(settings['$maxCount'])
  return Math.max(count(settings['$tb']) ?? 0, kept === undefined ? 0 : last - kept + 1)
}

/** Events recorded before this instant (ms since 1970) are hidden by `$maxAge`. */
export const oldestVisible = ({ settings }: Stream, now: number): number => {
  const seconds = count(settings['$maxAge'])
  return seconds === undefined ? -Infinity : now - 1000 * seconds
}

/** @throws StreamDeleted, StreamNotFound where nothing can be read */
export const requireReadable = (stream: Stream): void => {
  if (stream.tombstoned) throw new StreamDeleted(stream.name)
  if (stream.last < 0 || isSoftDeleted(stream)) throw new StreamNotFound(stream.name)
}
