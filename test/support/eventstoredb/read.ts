import { type handleServerStreamingCall, status } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type RecordedEvent, StreamNotFound } from '../../../ledger/store.ts'
import { badRead, failure, failureOf, handlerThrew } from './answers.ts'
import { streamFrom } from './identities.ts'
import { takeReadFault } from './knobs.ts'
import { requireBoundary, visible } from './log.ts'
import { type Encode, encoder, notFound, positionFrom, revisionFrom } from './messages.ts'
import { admit, type Node, requiresLeader } from './node.ts'
import { openOutlet, type Outlet } from './outlet.ts'
import { streams } from './protobuf.ts'
import { subscription } from './subscription.ts'

const sendAll = async (
  outlet: Outlet,
  events: AsyncIterable<RecordedEvent>,
  encode: Encode,
): Promise<void> => {
  for await (const event of events) if (!(await outlet.send(encode(event)))) return
  outlet.end()
}

const directionOf = (options: ReadReq.Options): 'forwards' | 'backwards' =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS ? 'backwards' : 'forwards'

const readStream = async (node: Node, options: ReadReq.Options, outlet: Outlet): Promise<void> => {
  const asked = options.getStream()
  const stream = streamFrom(asked?.getStreamIdentifier())
  const limit = Number(options.getCount())
  const direction = directionOf(options)
  const from = revisionFrom(asked)
  if (limit === 0 || (from === 'end' && direction === 'forwards')) throw badRead()
  try {
    await sendAll(outlet, node.store().readStream(stream, { from, direction, limit }), encoder(options))
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
    await outlet.send(notFound(stream))
    outlet.end()
  }
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
  const direction = directionOf(options)
  const from = positionFrom(all)
  // With a count of 0 the real server turns in a loop and never answers.
  if (limit === 0) return outlet.gone
  if (typeof from === 'object') await requireBoundary(node, from, direction === 'backwards')
  const events = node.store().readAll({ from, direction })
  await sendAll(outlet, limited(visible(node, events), limit), encoder(options))
}

const serve = async (node: Node, options: ReadReq.Options, outlet: Outlet): Promise<void> => {
  const all = options.getAll()
  if (options.hasSubscription()) {
    if (directionOf(options) === 'backwards' || (options.hasFilter() && all === undefined))
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
