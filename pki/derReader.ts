// Reads DER (X.690) strictly: definite minimal lengths, nothing left over, no tag above 30. Content is looked into one
// level at a time, so neither depth nor size of hostile input costs more than one pass. Shares no DER with der.ts.
import type { Instant } from '../domain/kernel.ts'
import { isMoment } from './calendar.ts'
import { onceForOctets } from './memo.ts'

/** The octets are not the DER that was asked for. */
export class DerFault extends Error {
  override readonly name = 'DerFault'
}

const fault = (message: string): never => {
  throw new DerFault(message)
}

/** One value: its identifier octet, its content, and all its octets. Views on the input, not copies. */
export type Value = Readonly<{ tag: number; content: Uint8Array; der: Uint8Array }>

type Length = Readonly<{ length: number; next: number }>

const readLength = (bytes: Uint8Array, at: number): Length => {
  const first = bytes[at] ?? fault('no length')
  return first < 0x80 ? { length: first, next: at + 1 } : longLength(bytes, at + 1, first & 0x7f)
}

const longLength = (bytes: Uint8Array, at: number, size: number): Length => {
  if (size === 0 || size > 4 || at + size > bytes.length) fault('length not definite, too long or cut')
  const length = bytes.subarray(at, at + size).reduce((sum, octet) => sum * 256 + octet, 0)
  if (length < 0x80 || bytes[at] === 0) fault('length not minimal')
  return { length, next: at + size }
}

/** The value that begins at `at`; others may follow. @throws DerFault */
export const readAt = (bytes: Uint8Array, at: number): Value => {
  const tag = bytes[at] ?? fault('no value')
  if ((tag & 0x1f) === 0x1f || tag === 0) fault('tag not known')
  const { length, next } = readLength(bytes, at + 1)
  if (next + length > bytes.length) fault('value cut')
  return { tag, content: bytes.subarray(next, next + length), der: bytes.subarray(at, next + length) }
}

/** The one value that `bytes` is. @throws DerFault */
export const read = (bytes: Uint8Array): Value => {
  const value = readAt(bytes, 0)
  if (value.der.length !== bytes.length) fault('octets left over')
  return value
}

/** The values in the content of a constructed value, in order. @throws DerFault */
export function* each(value: Value): Generator<Value> {
  if ((value.tag & 0x20) === 0) fault('not constructed')
  for (let at = 0; at < value.content.length;) {
    const child = readAt(value.content, at)
    at += child.der.length
    yield child
  }
}

/** All of them at once: quicker than one by one where there are few. */
export const children = (value: Value): readonly Value[] => {
  if ((value.tag & 0x20) === 0) fault('not constructed')
  const found: Value[] = []
  for (let at = 0; at < value.content.length;) {
    const child = readAt(value.content, at)
    at += child.der.length
    found.push(child)
  }
  return found
}

/** `value` itself, once its tag is the one expected. @throws DerFault */
export const expect = (value: Value | undefined, tag: number): Value =>
  value?.tag === tag ? value : fault(`tag ${tag.toString(16)} expected`)

/** The children of a SEQUENCE. @throws DerFault */
export const sequenceOf = (value: Value | undefined): readonly Value[] => children(expect(value, 0x30))

/** The only child of a constructed value. @throws DerFault */
export const only = (value: Value): Value => {
  const [child, ...others] = children(value)
  return child !== undefined && others.length === 0 ? child : fault('one value expected')
}

/** Content octets of an INTEGER in hex, as they stand: a leading `00` stays. @throws DerFault when not minimal */
export const integerHex = (value: Value | undefined): string => {
  const { content } = expect(value, 0x02)
  const hex = Buffer.from(content).toString('hex')
  if (hex === '' || /^(00[0-7]|ff[89a-f])/.test(hex)) fault('INTEGER empty or not minimal')
  return hex
}

/** Dotted form. @throws DerFault */
export const oidOf = (value: Value | undefined): string => {
  const { content } = expect(value, 0x06)
  if (content.length === 0 || content.length > 64 || (content.at(-1) ?? 0) >= 0x80) fault('not an OID')
  return dotted(content)
}

const dotted = onceForOctets((content) => {
  const [joint = 0n, ...rest] = arcsOf(content)
  const first = joint < 80n ? joint / 40n : 2n
  return [first, joint - first * 40n, ...rest].join('.')
})

const arcsOf = (content: Uint8Array): readonly bigint[] => {
  const arcs: bigint[] = []
  let arc: bigint | undefined
  for (const octet of content) {
    if (arc === undefined && octet === 0x80) fault('OID arc not minimal')
    arc = ((arc ?? 0n) << 7n) | BigInt(octet & 0x7f)
    if (octet >= 0x80) continue
    arcs.push(arc)
    arc = undefined
  }
  return arcs
}

/** Fields of UTCTime (RFC 5280 4.1.2.5.1: 50 to 99 are of the last century) or GeneralizedTime. */
const yearFirst = (tag: number, text: string): string => {
  if (tag === 0x18) return text
  return tag === 0x17 ? `${text < '5' ? '20' : '19'}${text}` : ''
}

/** UTCTime or GeneralizedTime, with seconds and `Z`, without fraction. @throws DerFault */
export const instantOf = (value: Value | undefined): Instant => {
  const text = Buffer.from(value?.content ?? []).toString('latin1')
  const full = yearFirst(value?.tag ?? 0, text)
  const fields = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full) ?? fault('not a time of RFC 5280')
  const [, year, month, day, hour, minute, second] = fields
  return isMoment(full) ? `${year}-${month}-${day}T${hour}:${minute}:${second}Z` : fault('not a time')
}
