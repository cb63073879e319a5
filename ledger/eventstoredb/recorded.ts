import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Position, RecordedEvent } from '../store.ts'

type Record = ReturnType<ReadResp.ReadEvent['getEvent']>

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

/** `created` counts 100 ns since 1970; more than a double holds, so the last four digits go before the conversion. */
const instant = (ticks: string | undefined): Date => new Date(Number((ticks ?? '0').slice(0, -4)))

export const positionOf = (
  from: Readonly<{ getCommitPosition: () => string; getPreparePosition: () => string }>,
): Position => ({ commit: BigInt(from.getCommitPosition()), prepare: BigInt(from.getPreparePosition()) })

/**
 * The event of one message, its bytes as they are stored: nothing is parsed here, so that a replay parses once.
 * @throws Error on a message without an event or an identity: not this protocol
 */
export const recordedFrom = (record: Record): RecordedEvent => {
  const id = record?.getId()
  const identifier = record?.getStreamIdentifier()
  if (record === undefined || id === undefined || identifier === undefined)
    throw new Error('an event without an identity')
  const about = record.getMetadataMap()
  const metadata = record.getCustomMetadata_asU8()
  const event = {
    id: id.getString(),
    type: about.get('type') ?? '',
    stream: text(identifier.getStreamName_asU8()),
    revision: Number(record.getStreamRevision()),
    position: positionOf(record),
    created: instant(about.get('created')),
    json: about.get('content-type') === 'application/json',
    data: record.getData_asU8(),
  }
  return metadata.length === 0 ? event : { ...event, metadata }
}
