// Keys of the two tables, ordered as their meaning is: the log by position, the index by stream and revision.
import { createHash } from 'node:crypto'

/** Numbers up to 2^63, the revision of a tombstone, as eight octets that sort like the numbers. */
export const writeOrdered = (bytes: Buffer, value: number, offset: number): void => {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset)
  bytes.writeUInt32BE(value % 0x1_0000_0000, offset + 4)
}

export const readOrdered = (bytes: Buffer, offset: number): number =>
  bytes.readUInt32BE(offset) * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4)

/** The key of the event at `place` in the log. */
export const placeKey = (place: number): Buffer => {
  const key = Buffer.allocUnsafe(8)
  writeOrdered(key, place, 0)
  return key
}

// An LMDB key holds 1,978 octets at most, and short keys keep the index small.
const longestName = 254

/** What all index keys of a stream begin with. The length comes first, so that no stream lies within another one's range. */
export const streamPrefix = (stream: string): Buffer => {
  const length = Buffer.byteLength(stream)
  if (length > longestName)
    return Buffer.concat([Buffer.of(255), createHash('sha256').update(stream, 'utf8').digest()])
  const prefix = Buffer.allocUnsafe(1 + length)
  prefix[0] = length
  prefix.write(stream, 1, 'utf8')
  return prefix
}

/** The index key of a stream's event. */
export const revisionKey = (prefix: Buffer, revision: number): Buffer => {
  const key = Buffer.allocUnsafe(prefix.length + 8)
  key.set(prefix)
  writeOrdered(key, revision, prefix.length)
  return key
}

/** The revision that an index key ends with. */
export const revisionOf = (key: Buffer): number => readOrdered(key, key.length - 8)
