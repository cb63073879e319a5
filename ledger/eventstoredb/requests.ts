// The port's options as messages of the Streams service.
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type {
  AppendReq,
  DeleteReq,
  ReadReq,
  TombstoneReq,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { Expected, Filter, Position, Proposed } from '../store.ts'

export type Direction = 'forwards' | 'backwards'

const empty = () => new shared.Empty()

const identifier = (stream: string): StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))

type Expecting = Readonly<{
  setRevision: (revision: string) => unknown
  setNoStream: (value: ReturnType<typeof empty>) => unknown
  setAny: (value: ReturnType<typeof empty>) => unknown
  setStreamExists: (value: ReturnType<typeof empty>) => unknown
}>

const expecting = <T extends Expecting>(options: T, expected: Expected): T => {
  if (expected === 'no_stream') options.setNoStream(empty())
  else if (expected === 'any') options.setAny(empty())
  else if (expected === 'stream_exists') options.setStreamExists(empty())
  else options.setRevision(String(expected))
  return options
}

/** The messages of one append: its options, then the events. */
export const appendRequests = (
  stream: string,
  events: readonly Proposed[],
  expected: Expected,
): readonly AppendReq[] => {
  const options = expecting(new streams.AppendReq.Options(), expected).setStreamIdentifier(identifier(stream))
  const proposed = events.map((event) => {
    const message = new streams.AppendReq.ProposedMessage()
    message.setId(new shared.UUID().setString(event.id))
    message.getMetadataMap().set('type', event.type)
    message.getMetadataMap().set('content-type', event.json ? 'application/json' : 'application/octet-stream')
    message.setData(event.data)
    if (event.metadata !== undefined) message.setCustomMetadata(event.metadata)
    return new streams.AppendReq().setProposedMessage(message)
  })
  return [new streams.AppendReq().setOptions(options), ...proposed]
}

export const deleteRequest = (stream: string, expected: Expected): DeleteReq =>
  new streams.DeleteReq().setOptions(
    expecting(new streams.DeleteReq.Options(), expected).setStreamIdentifier(identifier(stream)),
  )

export const tombstoneRequest = (stream: string, expected: Expected): TombstoneReq =>
  new streams.TombstoneReq().setOptions(
    expecting(new streams.TombstoneReq.Options(), expected).setStreamIdentifier(identifier(stream)),
  )

const readOptions = () =>
  new streams.ReadReq.Options()
    .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(empty()))
    .setNoFilter(empty())

const streamOptions = (stream: string, from: number | 'start' | 'end') => {
  const options = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream))
  if (from === 'start') return options.setStart(empty())
  return from === 'end' ? options.setEnd(empty()) : options.setRevision(String(from))
}

const allOptions = (from: Position | 'start' | 'end') => {
  const options = new streams.ReadReq.Options.AllOptions()
  if (from === 'start') return options.setStart(empty())
  if (from === 'end') return options.setEnd(empty())
  return options.setPosition(
    new streams.ReadReq.Options.Position()
      .setCommitPosition(from.commit.toString())
      .setPreparePosition(from.prepare.toString()),
  )
}

const counted = (options: ReturnType<typeof readOptions>, direction: Direction, limit: number): ReadReq =>
  new streams.ReadReq().setOptions(
    options
      .setReadDirection(
        streams.ReadReq.Options.ReadDirection[direction === 'forwards' ? 'FORWARDS' : 'BACKWARDS'],
      )
      .setCount(String(Math.min(limit, Number.MAX_SAFE_INTEGER))),
  )

export const readStreamRequest = (
  stream: string,
  from: number | 'start' | 'end',
  direction: Direction,
  limit: number,
): ReadReq => counted(readOptions().setStream(streamOptions(stream, from)), direction, limit)

export const readAllRequest = (
  from: Position | 'start' | 'end',
  direction: Direction,
  limit: number,
): ReadReq => counted(readOptions().setAll(allOptions(from)), direction, limit)

const filterOptions = (filter: Filter, window: number, interval: number) => {
  const expression = new streams.ReadReq.Options.FilterOptions.Expression()
  const options = new streams.ReadReq.Options.FilterOptions()
  if ('streamRegex' in filter) options.setStreamIdentifier(expression.setRegex(filter.streamRegex))
  else if ('typeRegex' in filter) options.setEventType(expression.setRegex(filter.typeRegex))
  else if ('streamPrefixes' in filter)
    options.setStreamIdentifier(expression.setPrefixList([...filter.streamPrefixes]))
  else options.setEventType(expression.setPrefixList([...filter.typePrefixes]))
  return options.setMax(window).setCheckpointintervalmultiplier(interval)
}

const live = () => new streams.ReadReq.Options.SubscriptionOptions()

export const subscribeToAllRequest = (
  after: Position | 'start',
  filter: Filter | undefined,
  window: number,
  interval: number,
): ReadReq => {
  const options = readOptions().setAll(allOptions(after)).setSubscription(live())
  if (filter !== undefined) options.setFilter(filterOptions(filter, window, interval))
  return new streams.ReadReq().setOptions(options)
}

export const subscribeToStreamRequest = (stream: string, after: number | 'start'): ReadReq =>
  new streams.ReadReq().setOptions(
    readOptions().setStream(streamOptions(stream, after)).setSubscription(live()),
  )
