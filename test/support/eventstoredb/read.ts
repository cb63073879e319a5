import { type handleServerStreamingCall, status } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Position, type RecordedEvent, StreamNotFound } from '../../../ledger/store.ts'
import { badPosition, badRead, failure, failureOf, handlerThrew } from './answers.ts'
import { identifierOf, streamFrom, structuredId, textId } from './identities.ts'
import { takeReadFault } from './knobs.ts'
import { admit, type Node, requiresLeader } from './node.ts'
import { openOutlet, type Outlet } from './outlet.ts'
import { streams } from './protobuf.ts'
import { subscription } from './subscription.ts'

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

/** The octets that a record takes in the log (eventstoredb.md section 3). */
const recordSize = (event: RecordedEvent): number =>
  90 +
  Buffer.byteLength(event.stream) +
  Buffer.byteLength(event.type) +
  event.data.length +
  (event.metadata?.length ?? 0)

export const first = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent | undefined> => {
  for await (const event of events) return event
  return undefined
}

/** The first event at `position` or beyond that a scavenge has left. */
export const firstFrom = (node: Node, position: Position): Promise<RecordedEvent | undefined> =>
  first(visible(node, node.store().readAll({ from: position })))

export const visible = async function* (
  node: Node,
  events: AsyncIterable<RecordedEvent>,
): AsyncGenerator<RecordedEvent> {
  for await (const event of events) if (!node.scavenged.has(event.position.commit)) yield event
}

/** @throws UNKNOWN where no record of the log begins, as 23.10 does */
export const requireBoundary = async (node: Node, from: Position, backwards: boolean): Promise<void> => {
  if (from.commit < from.prepare) throw badPosition()
  const here = await first(node.store().readAll({ from, limit: 1 }))
  if (here?.position.commit === from.commit) return
  const end = await first(node.store().readAll({ direction: 'backwards', limit: 1 }))
  const beyond = end === undefined || from.commit > end.position.commit + BigInt(recordSize(end))
  if (beyond && !backwards) return
  if (beyond) throw badPosition()
  const before = await first(node.store().readAll({ from, direction: 'backwards', limit: 1 }))
  if (before !== undefined && from.commit < before.position.commit + BigInt(recordSize(before)))
    throw badPosition()
}

const sendAll = async (
  outlet: Outlet,
  events: AsyncIterable<RecordedEvent>,
  encode: Encode,
): Promise<void> => {
  for await (const event of events) if (!(await outlet.send(encode(event)))) return
  outlet.end()
}

const notFound = (stream: string): ReadResp =>
  new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)),
  )

const readStream = async (node: Node, options: ReadReq.Options, outlet: Outlet): Promise<void> => {
  const asked = options.getStream()
  const stream = streamFrom(asked?.getStreamIdentifier())
  const limit = Number(options.getCount())
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const atEnd = asked?.hasEnd() === true
  if (limit === 0 || (atEnd && !backwards)) throw badRead()
  const from = atEnd ? 'end' : asked?.hasStart() === true ? 'start' : Number(asked?.getRevision())
  const direction = backwards ? 'backwards' : 'forwards'
  try {
    await sendAll(outlet, node.store().readStream(stream, { from, direction, limit }), encoder(options))
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
    await outlet.send(notFound(stream))
    outlet.end()
  }
}

export const positionFrom = (all: ReadReq.Options.AllOptions): Position | 'start' | 'end' => {
  const position = all.getPosition()
  if (position === undefined) return all.hasStart() ? 'start' : 'end'
  return { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) }
}

const limited = async function* (
  events: AsyncIterable<RecordedEvent>,
  limit: number,
): AsyncGenerator<RecordedEvent> {
  let left = limit
  for await (const event of events) {
    yield event
    left -= 1
    if (left === 0) return
  }
}

const readAll = async (
  node: Node,
  all: ReadReq.Options.AllOptions,
  options: ReadReq.Options,
  outlet: Outlet,
): Promise<void> => {
  const limit = Number(options.getCount())
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const from = positionFrom(all)
  // With a count of 0 the real server turns in a loop and never answers.
  if (limit === 0) return outlet.gone
  if (typeof from === 'object') await requireBoundary(node, from, backwards)
  const events = node.store().readAll({ from, direction: backwards ? 'backwards' : 'forwards' })
  await sendAll(outlet, limited(visible(node, events), limit), encoder(options))
}

const serve = async (node: Node, options: ReadReq.Options, outlet: Outlet): Promise<void> => {
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const all = options.getAll()
  if (options.hasSubscription()) {
    if (backwards || (options.hasFilter() && all === undefined))
      throw failure(status.INVALID_ARGUMENT, 'That combination is not supported.')
    return subscription(node, options, outlet)
  }
  return all === undefined ? readStream(node, options, outlet) : readAll(node, all, options, outlet)
}

/** `Streams.Read`: reads and subscriptions. */
export const read =
  (node: Node): handleServerStreamingCall<ReadReq, ReadResp> =>
  (call) => {
    const options = call.request.getOptions()
    const on = options?.hasSubscription() === true ? 'subscription' : 'read'
    const outlet = openOutlet(node, call, takeReadFault(node.knobs, on))
    const begin = async (): Promise<void> => {
      if (options === undefined) throw handlerThrew()
      admit(node, requiresLeader(call.metadata))
      await serve(node, options, outlet)
    }
    begin().catch((error: unknown) => outlet.fail(failureOf(error)))
  }
