// Writes DER (X.690): what is signed is written here, octet by octet, so that the same plan gives the same octets under
// every release of every library. Reading is apart, in derReader.ts, and shares no DER with it.
import { onceForText } from './memo.ts'

/** One encoded value, or several in a row. */
export type Der = Uint8Array

const lengthOf = (parts: readonly Uint8Array[]): number => {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

/** One array for all of it: to make an array costs more than to fill it. */
const joined = (head: readonly number[], parts: readonly Uint8Array[], length: number): Uint8Array => {
  const all = new Uint8Array(head.length + length)
  let at = 0
  for (const octet of head) all[at++] = octet
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array => joined([], parts, lengthOf(parts))

/** The identifier and length octets of a value with `length` content octets. */
const headOf = (tag: number, length: number): readonly number[] => {
  if (length < 0x80) return [tag, length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [tag, 0x80 | octets.length, ...octets]
}

export const tlv = (tag: number, ...content: readonly Uint8Array[]): Der => {
  const length = lengthOf(content)
  return joined(headOf(tag, length), content, length)
}

export const sequence = (...content: readonly Der[]): Der => tlv(0x30, ...content)

/** SET OF: X.690 11.6 sorts the elements by their encodings. */
export const setOf = (...content: readonly Der[]): Der =>
  tlv(0x31, ...[...content].sort((a, b) => Buffer.compare(a, b)))

/** Context tag around whole values (EXPLICIT, or IMPLICIT of a constructed type). */
export const constructed = (tag: number, ...content: readonly Der[]): Der => tlv(0xa0 | tag, ...content)

/** Context tag in place of a primitive type's own (IMPLICIT). */
export const primitive = (tag: number, content: Uint8Array): Der => tlv(0x80 | tag, content)

/** INTEGER, not negative, in the fewest octets. */
export const integer = (value: number | bigint): Der => {
  const hex = value.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return (octets[0] ?? 0) < 0x80 ? tlv(0x02, octets) : tlv(0x02, Uint8Array.of(0), octets)
}

export const boolean = (value: boolean): Der => tlv(0x01, Uint8Array.of(value ? 0xff : 0))

export const nothing: Der = Uint8Array.of(0x05, 0)

export const octets = (value: Uint8Array): Der => tlv(0x04, value)

export const bits = (value: Uint8Array): Der => tlv(0x03, Uint8Array.of(0), value)

/** BIT STRING with named bits: X.690 11.2.2 drops the zero bits at its end. */
export const namedBits = (...set: readonly number[]): Der => {
  const highest = Math.max(...set)
  const value = new Uint8Array(1 + (highest >> 3))
  for (const bit of set) value[bit >> 3] = (value[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return tlv(0x03, Uint8Array.of(7 - (highest & 7)), value)
}

export const oid = onceForText((dotted: string): Der => {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return tlv(0x06, ...[first * 40n + second, ...rest].map(base128))
})

const base128 = (value: bigint): Uint8Array => {
  const groups = [Number(value & 0x7fn)]
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) groups.unshift(0x80 | Number(rest & 0x7fn))
  return Uint8Array.from(groups)
}

export const utf8 = (text: string): Der => tlv(0x0c, Buffer.from(text.normalize('NFC'), 'utf8'))

/** @throws RangeError for a character outside X.680's PrintableString */
export const printable = (text: string): Der => {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw new RangeError('not a PrintableString')
  return tlv(0x13, Buffer.from(text, 'latin1'))
}

/** The content octets of an IA5String. @throws RangeError outside ASCII */
export const ascii = (text: string): Uint8Array => {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new RangeError('not ASCII')
  return Buffer.from(text, 'latin1')
}

export const ia5 = (text: string): Der => tlv(0x16, ascii(text))
