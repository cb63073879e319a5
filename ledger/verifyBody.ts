// What one stored body must be, whatever its type: the bytes that its own canon has, closed, and sealed fields written in the
// one way there is. Anything looser would leave room for octets that no leaf covers (proofs.md 6, cases 36 to 38).
import type { Json } from '../domain/kernel.ts'
import { canonical } from './canonical.ts'
import type { Body, Entry } from './ledger.ts'
import { keyName, streamName, typeName, uuid } from './names.ts'
import type { RecordedEvent } from './store.ts'

const has = (value: object, ...names: readonly string[]): boolean =>
  Object.keys(value).length === names.length && names.every((name) => name in value)

const hex64 = /^[0-9a-f]{64}$/
const millisecond = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

const isBase64 = (text: unknown): boolean =>
  typeof text === 'string' && Buffer.from(text, 'base64').toString('base64') === text

const isSealedField = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || !has(value, 'k', 'c', 'ct')) return false
  const { k, c, ct } = value as Readonly<Record<string, unknown>>
  return typeof k === 'string' && keyName.test(k) && typeof c === 'string' && hex64.test(c) && isBase64(ct)
}

/** A real instant: `2026-02-30` reads back as another day. */
const isInstant = (at: string): boolean =>
  millisecond.test(at) && !Number.isNaN(Date.parse(at)) && new Date(at).toISOString() === at

const occurredLate = ({ at, pub }: Body): boolean => {
  const { env } = pub as Readonly<{ env?: Readonly<Record<string, Json>> | null }>
  const occurredAt = env?.['occurredAt']
  return typeof occurredAt === 'string' && occurredAt.slice(0, 19) > at.slice(0, 19)
}

const sameBytes = (data: Uint8Array, body: Body): boolean => {
  try {
    return Buffer.compare(Buffer.from(canonical(body)), data) === 0
  } catch {
    return false
  }
}

/** Everything that is wrong with one record and the entry read from it; nothing when it is as it was written. */
export const bodyFaults = (record: RecordedEvent, { stream, type, id, body }: Entry): readonly string[] => {
  const checks: readonly (readonly [boolean, string])[] = [
    [sameBytes(record.data, body), 'the body is not in canonical form'],
    [has(body, 'v', 'at', 'pub', 'sealed'), 'the body has members that it may not have'],
    [Object.values(body.sealed).every(isSealedField), 'a sealed field is not { k, c, ct }'],
    [isInstant(body.at), 'at is not an instant'],
    [!occurredLate(body), 'it was recorded before it happened'],
    [streamName.test(stream), 'the name of the stream is none'],
    [typeName.test(type), 'the name of the type is none'],
    [uuid.test(id), 'the id is no UUID'],
    [record.json, 'it is not stored as JSON'],
    [record.metadata === undefined, 'it has store metadata, which no leaf covers'],
  ]
  return checks.filter(([holds]) => !holds).map(([, message]) => message)
}
