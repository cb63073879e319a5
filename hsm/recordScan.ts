// Reads a file of records from end to end at opening, and tells an append that a crash cut short from damage.
import { boxOctets, changeOf, frameHeadOctets, headOctets, readAt, type Framing } from './recordFrame.ts'
import { KeyFault } from './keyFault.ts'

export type Scanned = Readonly<{
  /** Where the record of each name stands. */
  index: Map<string, number>
  /** Where the last whole frame ends: what follows was never acknowledged. */
  end: number
  /** Frames that say nothing any more. */
  dead: number
  /** Removed, and not yet overwritten. */
  toErase: readonly number[]
}>

const windowOctets = 1 << 20

/** Reads ahead, so that a million small frames are not two million reads. */
const openWindow = (fd: number, size: number): ((offset: number, length: number) => Buffer) => {
  let start = 0
  let bytes: Buffer = Buffer.alloc(0)
  return (offset, length) => {
    if (offset < start || offset + length > start + bytes.length) {
      start = offset
      bytes = readAt(fd, offset, Math.min(Math.max(length, windowOctets), size - offset))
    }
    return bytes.subarray(offset - start, offset - start + length)
  }
}

const isBlank = (bytes: Buffer): boolean => bytes.every((octet) => octet === 0)

/** True when nothing but zeros follows: space given to the file, and never written. */
const blankFrom = (read: ReturnType<typeof openWindow>, offset: number, size: number): boolean => {
  for (let at = offset; at < size; at += windowOctets)
    if (!isBlank(read(at, Math.min(windowOctets, size - at)))) return false
  return true
}

/**
 * Scans the file.
 * @throws KeyFault when a frame was changed, moved or taken away, but for whole frames off the end, which leaves no trace
 */
export const scanRecords = (fd: number, framing: Framing, size: number): Scanned => {
  const read = openWindow(fd, size)
  const index = new Map<string, number>()
  const blank = new Set<number>()
  const removed = new Set<number>()
  let dead = 0
  let offset = headOctets

  const take = (box: Buffer): void => {
    if (isBlank(box.subarray(0, 16)) && isBlank(box)) {
      blank.add(offset)
      dead += 1
      return
    }
    const { operation, name, value } = changeOf(framing, box, offset)
    if (index.has(name)) dead += 1
    if (operation === 'put') index.set(name, offset)
    else {
      dead += 1
      index.delete(name)
      removed.add(Number(Buffer.from(value).readBigUInt64BE(0)))
    }
  }

  while (size - offset >= frameHeadOctets) {
    const length = boxOctets(framing, read(offset, frameHeadOctets), offset)
    if (length === undefined) {
      if (blankFrom(read, offset, size)) break
      throw new KeyFault(`the record at octet ${offset} is damaged; restore the file from a backup`)
    }
    const boxAt = offset + frameHeadOctets
    if (boxAt + length > size) break
    take(read(boxAt, length))
    offset = boxAt + length
  }
  for (const place of blank)
    if (!removed.has(place)) throw new KeyFault(`the record at octet ${place} was erased, but never removed`)
  return { index, end: offset, dead, toErase: [...removed].filter((place) => !blank.has(place)) }
}
