import { type handleClientStreamingCall, type sendUnaryData, type ServiceError, status } from '@grpc/grpc-js'
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Appended, type Expected, type Proposed, WrongExpectedVersion } from '../../../ledger/store.ts'
import { failure, failureOf, handlerThrew } from './answers.ts'
import { idFrom, streamFrom } from './identities.ts'
import { admit, type Node, requiresLeader } from './node.ts'
import { shared, streams } from './protobuf.ts'

type Message = Readonly<{
  getId: AppendReq.ProposedMessage['getId']
  getMetadataMap: AppendReq.ProposedMessage['getMetadataMap']
  getData_asU8: () => Uint8Array
  getCustomMetadata_asU8: () => Uint8Array
}>

/** @throws the status of a message without a type, a content type or a usable id */
export const proposedFrom = (message: Message): Proposed => {
  const about = message.getMetadataMap()
  const type = about.get('type')
  const contentType = about.get('content-type')
  if (type === undefined || contentType === undefined)
    throw failure(status.INVALID_ARGUMENT, 'Required Metadata Property missing.', {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    })
  if (type === '') throw handlerThrew()
  const event = {
    id: idFrom(message.getId()),
    type,
    json: contentType === 'application/json',
    data: message.getData_asU8(),
  }
  const metadata = message.getCustomMetadata_asU8()
  return metadata.length === 0 ? event : { ...event, metadata }
}

const expectedFrom = (options: AppendReq.Options): Expected => {
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return options.hasAny() ? 'any' : Number(options.getRevision())
}

const success = ({ revision, position }: Appended): AppendResp => {
  const answer = new streams.AppendResp.Success()
  if (revision < 0) answer.setNoStream(new shared.Empty())
  else answer.setCurrentRevision(String(revision))
  if (position === undefined) answer.setNoPosition(new shared.Empty())
  else
    answer.setPosition(
      new streams.AppendResp.Position()
        .setCommitPosition(position.commit.toString())
        .setPreparePosition(position.prepare.toString()),
    )
  return new streams.AppendResp().setSuccess(answer)
}

const wrongVersion = ({ expected, actual }: WrongExpectedVersion): AppendResp => {
  // The fields of 20.6.0 stay unset: this generated code cannot serialise their 2^64-1.
  const answer = new streams.AppendResp.WrongExpectedVersion()
  if (actual === 'no_stream') answer.setCurrentNoStream(new shared.Empty())
  else answer.setCurrentRevision(String(actual))
  if (expected === 'any') answer.setExpectedAny(new shared.Empty())
  else if (expected === 'no_stream') answer.setExpectedNoStream(new shared.Empty())
  else if (expected === 'stream_exists') answer.setExpectedStreamExists(new shared.Empty())
  else answer.setExpectedRevision(String(expected))
  return new streams.AppendResp().setWrongExpectedVersion(answer)
}

type Request = { options: AppendReq.Options | undefined; events: Proposed[]; refused: Error | undefined }

const write = async (node: Node, { options, events, refused }: Request): Promise<AppendResp> => {
  if (refused !== undefined) throw refused
  if (options === undefined) throw handlerThrew()
  const stream = streamFrom(options.getStreamIdentifier())
  try {
    return success(await node.store().append(stream, events, expectedFrom(options)))
  } catch (error) {
    if (error instanceof WrongExpectedVersion) return wrongVersion(error)
    throw error
  }
}

const broken = () => failure(status.UNAVAILABLE, 'Connection dropped')
const commitTimeout = () => failure(status.ABORTED, 'Operation timed out: Commit phase timeout.')

type Outcome = ServiceError | AppendResp | 'none'

const outcome = async (node: Node, request: Request): Promise<Outcome> => {
  if (node.knobs.isFull) {
    node.seen.unwritten += 1
    return broken()
  }
  const fault = node.knobs.appends.shift()
  if (fault === 'silence') return 'none'
  if (fault === 'unavailable') return broken()
  const response = await write(node, request)
  if (fault === 'commitThenSilence') return 'none'
  if (fault === 'commitThenUnavailable') return broken()
  return fault === 'commitThenTimeout' ? commitTimeout() : response
}

const answer = async (node: Node, request: Request, done: sendUnaryData<AppendResp>): Promise<void> => {
  const result = await outcome(node, request)
  if (result instanceof Error) done(result)
  else if (result !== 'none') done(null, result)
}

/** `Streams.Append`: options, then one message an event, one answer. */
export const append =
  (node: Node): handleClientStreamingCall<AppendReq, AppendResp> =>
  (call, done) => {
    const request: Request = { options: undefined, events: [], refused: undefined }
    call.on('data', (message: AppendReq) => {
      const proposed = message.getProposedMessage()
      request.options ??= message.getOptions()
      try {
        if (proposed !== undefined) request.events.push(proposedFrom(proposed))
      } catch (error) {
        request.refused ??= failureOf(error)
      }
    })
    call.on('end', () => {
      // Who gives up in the middle has sent a part: nothing of it is written.
      if (call.cancelled) return
      node.seen.appends += 1
      const leaderRequired = requiresLeader(call.metadata)
      new Promise<void>((resolve) => {
        admit(node, leaderRequired)
        resolve()
      })
        .then(() => answer(node, request, done))
        .catch((error: unknown) => done(failureOf(error)))
    })
    call.on('error', () => undefined)
  }
