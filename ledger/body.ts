// Between a stored event's octets and an entry of the ledger. Reading is on the path of every replay, so it looks at the
// outer form only: schemas are the decoder's to check, and bytes the verifier's.
import type { Stored } from '../domain/kernel.ts'
import { canonical } from './canonical.ts'
import type { Body, Entry } from './ledger.ts'
import type { RecordedEvent } from './store.ts'

/** What stands in the log is no event of the ledger. The reader stops: it never guesses, and never passes over. */
export class NotAnEntry extends Error {
  override readonly name = 'NotAnEntry'
  constructor({ stream, revision }: Readonly<{ stream: string; revision: number }>, what: string) {
    super(`${stream} ${revision}: ${what}`)
  }
}

/** The store's own events: settings, tombstones, links. Everything else is an entry. */
export const isSystem = ({ type, stream }: Readonly<{ type: string; stream: string }>): boolean =>
  type.startsWith('$') || stream.startsWith('$')

/** The octets to store. @throws NotCanonical */
export const encodeBody = (body: Body): Buffer => Buffer.from(canonical(body), 'utf8')

const text = (data: Uint8Array): string =>
  (Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.length)).toString('utf8')

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isBody = (value: unknown): value is Body =>
  isRecord(value) &&
  value['v'] === 1 &&
  typeof value['at'] === 'string' &&
  isRecord(value['pub']) &&
  isRecord(value['sealed'])

const parsed = (record: RecordedEvent): unknown => {
  try {
    return JSON.parse(text(record.data))
  } catch {
    throw new NotAnEntry(record, 'the body is not JSON')
  }
}

/** @throws NotAnEntry */
export const entryOf = (record: RecordedEvent): Entry => {
  const { stream, revision, id, type, position } = record
  const body = parsed(record)
  if (!isBody(body)) throw new NotAnEntry(record, 'the body is not { v: 1, at, pub, sealed }')
  return { stream, revision, id, type, position, body }
}

const destroyed = Object.freeze({ destroyed: true as const })
const nothingSealed: Stored['sealed'] = Object.freeze({})

/** The entry as somebody without any data key reads it. */
export const publicPart = ({ type, body: { pub, sealed } }: Entry): Stored => {
  const fields = Object.keys(sealed)
  if (fields.length === 0) return { type, pub, sealed: nothingSealed }
  const closed: Record<string, { destroyed: true }> = {}
  for (const field of fields) closed[field] = destroyed
  return { type, pub, sealed: closed }
}
