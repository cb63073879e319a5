import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js'
import { shared } from './protobuf.ts'
import { handlerThrew } from './answers.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const hex = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0')

/** The id in its text form, lower-case as a GUID reads back. @throws the status of an unusable one */
export const idFrom = (message: UUID | undefined): string => {
  const structured = message?.getStructured()
  const digits =
    structured === undefined
      ? ''
      : hex(structured.getMostSignificantBits()) + hex(structured.getLeastSignificantBits())
  const id =
    structured === undefined
      ? (message?.getString().toLowerCase() ?? '')
      : digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  if (!uuid.test(id) || /^[0-]*$/.test(id)) throw handlerThrew()
  return id
}

export const structuredId = (id: string): UUID => {
  const digits = id.replaceAll('-', '')
  const half = (from: number) => BigInt.asIntN(64, BigInt(`0x${digits.slice(from, from + 16)}`)).toString()
  return new shared.UUID().setStructured(
    new shared.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16)),
  )
}

export const textId = (id: string): UUID => new shared.UUID().setString(id)

export const identifierOf = (stream: string): StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))

/** @throws the status of a refused name */
export const streamFrom = (identifier: StreamIdentifier | undefined): string => {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8')
  if (name === '' || name === '$$') throw handlerThrew()
  return name
}
