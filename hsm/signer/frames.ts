// Messages on a stream: four octets that say how long one is, then the message as v8 writes it down, in which octets stay octets. Whatever
// passes here is overwritten behind it: some of it is keys.
import { deserialize, serialize } from 'node:v8'
import { KeyFault } from '../keyFault.ts'

const headOctets = 4
/** A list of a million revocations that is to be signed takes half of that. */
export const mostOctets = 2 ** 26

/** @throws KeyFault for a message that is too long */
export const frameOf = (message: unknown): Buffer => {
  const body = serialize(message)
  if (body.length > mostOctets) throw new KeyFault(`a message of ${body.length} octets is too long`)
  const frame = Buffer.allocUnsafe(headOctets + body.length)
  frame.writeUInt32BE(body.length)
  body.copy(frame, headOctets)
  body.fill(0)
  return frame
}

export const messageOf = (body: Buffer): unknown => deserialize(body)

/**
 * Puts together what comes in pieces.
 * @param take is given each message, in a buffer of its own
 * @returns is given each piece, which it overwrites
 * @throws KeyFault for a message that is too long: nothing that follows can be read
 */
export const openFrames = (take: (body: Buffer) => void): ((piece: Buffer) => void) => {
  const head = Buffer.alloc(headOctets)
  let headed = 0
  let body: Buffer | undefined
  let filled = 0
  const readHead = (piece: Buffer, at: number): number => {
    const taken = piece.copy(head, headed, at, at + headOctets - headed)
    headed += taken
    if (headed === headOctets) {
      const octets = head.readUInt32BE()
      if (octets > mostOctets) throw new KeyFault(`a message of ${octets} octets is too long`)
      body = Buffer.allocUnsafeSlow(octets)
      filled = 0
    }
    return at + taken
  }
  const readBody = (into: Buffer, piece: Buffer, at: number): number => {
    const taken = piece.copy(into, filled, at, at + into.length - filled)
    filled += taken
    if (filled === into.length) {
      body = undefined
      headed = 0
      take(into)
    }
    return at + taken
  }
  return (piece) => {
    for (let at = 0; at < piece.length;)
      at = body === undefined ? readHead(piece, at) : readBody(body, piece, at)
    piece.fill(0)
  }
}
