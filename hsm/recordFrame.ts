// The octets of a file of records: a head, then frames. A frame is enciphered and bound to its file and to its place in it,
// so that none can be changed, moved, copied or taken out of the middle unseen.
//
//   head    'GLREC1' and two zeros, then 16 random octets that name the file
//   frame   length of the box, 4 octets, big-endian; 8 octets of HMAC over file, place and length; then the box:
//           AES-256-GCM of operation (1 octet), length of the name (2 octets), name, value
//
// A frame that was removed keeps its length and has nothing but zeros for a box. The removal, itself a frame, names its place.
import { createHmac } from 'node:crypto'
import { readSync } from 'node:fs'
import { closeBox, openBox, subkey, type RandomBytes } from './box.ts'
import { KeyFault } from './keyFault.ts'

const magic = Buffer.from('GLREC1\0\0', 'latin1')
export const headOctets = magic.length + 16
const lengthOctets = 4
const markOctets = 8
export const frameHeadOctets = lengthOctets + markOctets
const operations = ['put', 'remove'] as const

export type Change = Readonly<{ operation: (typeof operations)[number]; name: string; value: Uint8Array }>

export type Framing = Readonly<{ fileId: string; key: Buffer; markKey: Buffer; randomBytes: RandomBytes }>

export const newHead = (randomBytes: RandomBytes): Buffer => Buffer.concat([magic, randomBytes(16)])

/** How the file with this head is framed. @throws KeyFault when it is no file of records */
export const framingOf = (head: Buffer, key: Uint8Array, randomBytes: RandomBytes): Framing => {
  if (head.length < headOctets || !head.subarray(0, magic.length).equals(magic))
    throw new KeyFault('this is no file of records')
  const fileId = head.toString('hex', magic.length, headOctets)
  return { fileId, key: subkey(key, 'record-boxes'), markKey: subkey(key, 'record-marks'), randomBytes }
}

/** Proves the length: a changed one would otherwise hide all that follows. */
const markOf = ({ fileId, markKey }: Framing, offset: number, length: number): Buffer =>
  createHmac('sha256', markKey).update(`${fileId}|${offset}|${length}`).digest().subarray(0, markOctets)

const boundTo = ({ fileId }: Framing, offset: number): string => `grand-livre/record|${fileId}|${offset}`

/** The frame of a change for the place `offset`. */
export const frameOf = (framing: Framing, { operation, name, value }: Change, offset: number): Buffer => {
  const bytes = Buffer.from(name, 'utf8')
  const head = Buffer.alloc(3)
  head[0] = operations.indexOf(operation)
  head.writeUInt16BE(bytes.length, 1)
  const clear = Buffer.concat([head, bytes, value])
  const box = closeBox(framing.key, boundTo(framing, offset), clear, framing.randomBytes)
  clear.fill(0)
  const length = Buffer.alloc(lengthOctets)
  length.writeUInt32BE(box.length)
  return Buffer.concat([length, markOf(framing, offset, box.length), box])
}

/** Length of the box that the frame's head announces; undefined when the head is not a head. */
export const boxOctets = (framing: Framing, head: Buffer, offset: number): number | undefined => {
  const length = head.readUInt32BE(0)
  return markOf(framing, offset, length).equals(head.subarray(lengthOctets, frameHeadOctets))
    ? length
    : undefined
}

/** @throws KeyFault when the box was changed or moved */
export const changeOf = (framing: Framing, box: Uint8Array, offset: number): Change => {
  const clear = openBox(framing.key, boundTo(framing, offset), box)
  const operation = operations[clear[0] ?? -1]
  if (operation === undefined) throw new KeyFault('a record of an unknown kind')
  const valueAt = 3 + clear.readUInt16BE(1)
  return { operation, name: clear.toString('utf8', 3, valueAt), value: clear.subarray(valueAt) }
}

/** The octets at `offset`, fewer where the file ends. */
export const readAt = (fd: number, offset: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(length)
  let done = 0
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, offset + done)
    if (count === 0) break
    done += count
  }
  return bytes.subarray(0, done)
}

/** The change at `offset`. @throws KeyFault */
export const readChange = (fd: number, framing: Framing, offset: number): Change => {
  const head = readAt(fd, offset, frameHeadOctets)
  const length = head.length === frameHeadOctets ? boxOctets(framing, head, offset) : undefined
  if (length === undefined) throw new KeyFault('a record is not where it was')
  return changeOf(framing, readAt(fd, offset + frameHeadOctets, length), offset)
}
