// One event as the log holds it. Written by hand: a replay passes here for every event of the ledger's life.
//
//   octets 0        flags: 1 = JSON
//          1..6     created, milliseconds since 1970
//          7..14    revision
//         15..30    event id
//         31..32    length of the stream's name     33..34  length of the type     35..38  length of the data
//         39..      name, type, data, metadata (what is left)
import type { Proposed, RecordedEvent } from '../store.ts'
import { readOrdered, writeOrdered } from './keys.ts'

const head = 39
const jsonFlag = 1
const longestText = 0xffff

/** The revision of `$streamDeleted`, 2^63 - 1 on the wire. No other event has one beyond 2^53. */
export const tombstoneRevision = Number(0x7fff_ffff_ffff_ffffn)

/** How far EventStoreDB moves on for a record of these octets (eventstoredb.md section 3). */
const step = (octets: number): number => 90 + octets

const idOf = (bytes: Buffer, at: number): string => {
  const hex = bytes.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** @throws RangeError where a name or a type is longer than 65,535 octets */
export const requireStorable = (stream: string, events: readonly Proposed[]): void => {
  if (Buffer.byteLength(stream) > longestText) throw new RangeError('a stream name holds 65535 octets')
  if (events.some((event) => Buffer.byteLength(event.type) > longestText))
    throw new RangeError('an event type holds 65535 octets')
}

export type Header = Readonly<{ stream: string; revision: number; created: number }>

/** The record's octets. Good until the next call of the same encoder: the memory is used again. */
export const openEncoder = (): ((header: Header, event: Proposed) => Buffer) => {
  let scratch = Buffer.allocUnsafeSlow(0x1_0000)
  return ({ stream, revision, created }, { id, type, data, metadata, json }) => {
    const most = head + 3 * (stream.length + type.length) + data.length + (metadata?.length ?? 0)
    if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * most)
    const nameLength = scratch.write(stream, head, 'utf8')
    const typeLength = scratch.write(type, head + nameLength, 'utf8')
    let end = head + nameLength + typeLength
    scratch[0] = json ? jsonFlag : 0
    scratch.writeUIntBE(created, 1, 6)
    writeOrdered(scratch, revision, 7)
    scratch.write(id.replaceAll('-', ''), 15, 16, 'hex')
    scratch.writeUInt16BE(nameLength, 31)
    scratch.writeUInt16BE(typeLength, 33)
    scratch.writeUInt32BE(data.length, 35)
    scratch.set(data, end)
    end += data.length
    if (metadata !== undefined) {
      scratch.set(metadata, end)
      end += metadata.length
    }
    return scratch.subarray(0, end)
  }
}

/** The event of a record. Its data and metadata are views of `bytes`. */
export const recordedFrom = (place: number, bytes: Buffer): RecordedEvent => {
  const typeAt = head + bytes.readUInt16BE(31)
  const dataAt = typeAt + bytes.readUInt16BE(33)
  const metadataAt = dataAt + bytes.readUInt32BE(35)
  const commit = BigInt(place)
  const event = {
    id: idOf(bytes, 15),
    type: bytes.toString('utf8', typeAt, dataAt),
    stream: bytes.toString('utf8', head, typeAt),
    revision: readOrdered(bytes, 7),
    position: { commit, prepare: commit },
    created: new Date(bytes.readUIntBE(1, 6)),
    json: bytes[0] === jsonFlag,
    data: bytes.subarray(dataAt, metadataAt),
  }
  return metadataAt === bytes.length ? event : { ...event, metadata: bytes.subarray(metadataAt) }
}

/** Id alone, for the comparison that idempotency asks for. */
export const recordedId = (bytes: Buffer): string => idOf(bytes, 15)

/** Where the record after this one begins. */
export const placeAfter = (place: number, bytes: Buffer): number => place + step(bytes.length - head)
