import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js'
import type {
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { Expected, Position } from '../../../ledger/store.ts'
import { failureOf, handlerThrew } from './answers.ts'
import { streamFrom } from './identities.ts'
import { admit, type Node, requiresLeader } from './node.ts'
import { streams } from './protobuf.ts'

type Options = DeleteReq.Options | TombstoneReq.Options

const expectedFrom = (options: Options): Expected => {
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return options.hasAny() ? 'any' : Number(options.getRevision())
}

/** Where the event lies that the removal wrote: the last of the log that belongs to it. */
const lastPosition = async (node: Node, stream: string): Promise<Position> => {
  for await (const event of node.store().readAll({ direction: 'backwards' }))
    if (event.stream === stream) return event.position
  throw handlerThrew()
}

type Removal = (store: ReturnType<Node['store']>, stream: string, expected: Expected) => Promise<void>

const removed = async <Q extends DeleteReq | TombstoneReq, R>(
  node: Node,
  call: ServerUnaryCall<Q, R>,
  remove: Removal,
  witness: (stream: string) => string,
): Promise<Position> => {
  admit(node, requiresLeader(call.metadata))
  const options = call.request.getOptions()
  if (options === undefined) throw handlerThrew()
  const stream = streamFrom(options.getStreamIdentifier())
  await remove(node.store(), stream, expectedFrom(options))
  return lastPosition(node, witness(stream))
}

/** `Streams.Delete`: soft. The event that does it is the `$metadata` of `$$<stream>`. */
export const softDelete =
  (node: Node): handleUnaryCall<DeleteReq, DeleteResp> =>
  (call, done) => {
    removed(
      node,
      call,
      (store, stream, expected) => store.deleteStream(stream, expected),
      (stream) => `$$${stream}`,
    ).then(
      ({ commit, prepare }) => {
        const position = new streams.DeleteResp.Position()
          .setCommitPosition(commit.toString())
          .setPreparePosition(prepare.toString())
        done(null, new streams.DeleteResp().setPosition(position))
      },
      (error: unknown) => done(failureOf(error)),
    )
  }

/** `Streams.Tombstone`: for ever. The event that does it is the stream's own `$streamDeleted`. */
export const tombstone =
  (node: Node): handleUnaryCall<TombstoneReq, TombstoneResp> =>
  (call, done) => {
    removed(
      node,
      call,
      (store, stream, expected) => store.tombstoneStream(stream, expected),
      (stream) => stream,
    ).then(
      ({ commit, prepare }) => {
        const position = new streams.TombstoneResp.Position()
          .setCommitPosition(commit.toString())
          .setPreparePosition(prepare.toString())
        done(null, new streams.TombstoneResp().setPosition(position))
      },
      (error: unknown) => done(failureOf(error)),
    )
  }
