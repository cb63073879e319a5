import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Position, RecordedEvent } from '../../../ledger/store.ts'
import { identifierOf, structuredId, textId } from './identities.ts'
import { streams } from './protobuf.ts'

/** How a read's ids are written, as its options ask. */
export type Encode = (event: RecordedEvent) => ReadResp

export const encoder = (options: ReadReq.Options): Encode => {
  const id = options.getUuidOption()?.hasStructured() === true ? structuredId : textId
  return (event) => {
    const commit = event.position.commit.toString()
    const record = new streams.ReadResp.ReadEvent.RecordedEvent()
      .setId(id(event.id))
      .setStreamIdentifier(identifierOf(event.stream))
      .setStreamRevision(BigInt(event.revision).toString())
      .setCommitPosition(commit)
      .setPreparePosition(event.position.prepare.toString())
      .setData(event.data)
    const about = record.getMetadataMap()
    about.set('type', event.type)
    about.set('created', `${event.created.getTime()}0000`)
    about.set('content-type', event.json ? 'application/json' : 'application/octet-stream')
    if (event.metadata !== undefined) record.setCustomMetadata(event.metadata)
    return new streams.ReadResp().setEvent(
      new streams.ReadResp.ReadEvent().setEvent(record).setCommitPosition(commit),
    )
  }
}

export const notFound = (stream: string): ReadResp =>
  new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  )

export const positionFrom = (all: ReadReq.Options.AllOptions): Position | 'start' | 'end' => {
  const position = all.getPosition()
  if (position === undefined) return all.hasStart() ? 'start' : 'end'
  return { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) }
}

export const revisionFrom = (asked: ReadReq.Options.StreamOptions | undefined): number | 'start' | 'end' => {
  if (asked?.hasEnd() === true) return 'end'
  return asked?.hasStart() === true ? 'start' : Number(asked?.getRevision())
}
