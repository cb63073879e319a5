import { type handleBidiStreamingCall, status } from '@grpc/grpc-js'
import type { Code } from '@eventstore/db-client/generated/code_pb.js'
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServiceError } from '@grpc/grpc-js'
import {
  type Appended,
  AppendTooLarge,
  type Expected,
  type Proposed,
  StreamDeleted,
  WrongExpectedVersion,
} from '../../../ledger/store.ts'
import { failure, failureOf } from './answers.ts'
import { proposedFrom } from './append.ts'
import { idFrom, identifierOf } from './identities.ts'
import { admit, type Node, requiresLeader } from './node.ts'
import { google, shared, status as rpc, streams, wellKnown } from './protobuf.ts'

const writeTimeoutMs = 2_000

/** One append in the making: what came in for its correlation id until `is_final`. */
type Pending = {
  correlation: UUID
  options: BatchAppendReq.Options
  events: Proposed[]
  refused: Error | undefined
}

const expectedFrom = (options: BatchAppendReq.Options): Expected => {
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return options.hasAny() ? 'any' : Number(options.getStreamPosition())
}

const nameOf = (options: BatchAppendReq.Options): string =>
  Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8')

const response = ({ correlation, options }: Pending): BatchAppendResp =>
  new streams.BatchAppendResp()
    .setCorrelationId(correlation)
    .setStreamIdentifier(identifierOf(nameOf(options)))

type Detail = Readonly<{ serializeBinary: () => Uint8Array }>

const refusal = (
  pending: Pending,
  code: Code,
  message: string,
  details: readonly [string, Detail],
): BatchAppendResp => {
  const any = wellKnown.any()
  any.setTypeUrl(`type.googleapis.com/${details[0]}`)
  any.setValue(details[1].serializeBinary())
  return response(pending).setError(new rpc.Status().setCode(code).setMessage(message).setDetails(any))
}

const accepted = (pending: Pending, { revision, position }: Appended): BatchAppendResp => {
  const success = new streams.BatchAppendResp.Success()
  if (revision < 0) success.setNoStream(wellKnown.empty())
  else success.setCurrentRevision(String(revision))
  if (position === undefined) success.setNoPosition(wellKnown.empty())
  else
    success.setPosition(
      new shared.AllStreamPosition()
        .setCommitPosition(position.commit.toString())
        .setPreparePosition(position.prepare.toString()),
    )
  return response(pending).setSuccess(success)
}

const wrongVersion = ({ expected, actual }: WrongExpectedVersion): Detail => {
  const detail = new shared.WrongExpectedVersion()
  if (actual === 'no_stream') detail.setCurrentNoStream(wellKnown.empty())
  else detail.setCurrentStreamRevision(String(actual))
  if (expected === 'any') detail.setExpectedAny(wellKnown.empty())
  else if (expected === 'no_stream') detail.setExpectedNoStream(wellKnown.empty())
  else if (expected === 'stream_exists') detail.setExpectedStreamExists(wellKnown.empty())
  else detail.setExpectedStreamPosition(String(expected))
  return detail
}

const timeout = (pending: Pending): BatchAppendResp =>
  refusal(pending, google.Code.DEADLINE_EXCEEDED, 'Timeout', [
    'event_store.client.Timeout',
    new shared.Timeout(),
  ])

const refused = (pending: Pending, error: unknown): BatchAppendResp => {
  if (error instanceof WrongExpectedVersion)
    return refusal(pending, google.Code.ALREADY_EXISTS, 'WrongExpectedVersion', [
      'event_store.client.WrongExpectedVersion',
      wrongVersion(error),
    ])
  if (error instanceof StreamDeleted)
    return refusal(pending, google.Code.NOT_FOUND, 'StreamDeleted', [
      'event_store.client.StreamDeleted',
      new shared.StreamDeleted().setStreamIdentifier(identifierOf(error.stream)),
    ])
  if (error instanceof AppendTooLarge)
    return refusal(pending, google.Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', [
      'event_store.client.MaximumAppendSizeExceeded',
      new shared.MaximumAppendSizeExceeded().setMaxappendsize(error.limit),
    ])
  return refusal(pending, google.Code.INVALID_ARGUMENT, 'BadRequest', [
    'event_store.client.BadRequest',
    new shared.BadRequest().setMessage(failureOf(error).details),
  ])
}

/** The client's absolute deadline guards the time until `is_final`, by the server's clock. */
const isLate = (options: BatchAppendReq.Options): boolean => {
  const deadline = options.getDeadline()
  if (deadline === undefined) return false
  const left = deadline.getSeconds() * 1000 + deadline.getNanos() / 1e6 - Date.now()
  return Math.min(left, writeTimeoutMs) <= 0
}

const write = async (node: Node, pending: Pending): Promise<BatchAppendResp> => {
  const name = nameOf(pending.options)
  if (isLate(pending.options)) return timeout(pending)
  try {
    if (pending.refused !== undefined) throw pending.refused
    if (name === '' || name === '$$') throw failure(status.INVALID_ARGUMENT, 'a stream needs a name')
    return accepted(pending, await node.store().append(name, pending.events, expectedFrom(pending.options)))
  } catch (error) {
    return refused(pending, error)
  }
}

const assemble = (table: Map<string, Pending>, message: BatchAppendReq): Pending | undefined => {
  const correlation = message.getCorrelationId()
  if (correlation === undefined) return undefined
  const key = idFrom(correlation)
  const options = message.getOptions()
  const known = table.get(key)
  const pending = known ?? (options && { correlation, options, events: [], refused: undefined })
  if (pending === undefined) return undefined
  table.set(key, pending)
  for (const proposed of message.getProposedMessagesList())
    try {
      pending.events.push(proposedFrom(proposed))
    } catch (error) {
      pending.refused ??= failureOf(error)
    }
  if (!message.getIsFinal()) return undefined
  table.delete(key)
  return pending
}

/** `Streams.BatchAppend`: appends cut into messages and interleaved; one answer a correlation id, in any order. */
export const batchAppend =
  (node: Node): handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> =>
  (call) => {
    const table = new Map<string, Pending>()
    const leaderRequired = requiresLeader(call.metadata)
    const abort = (error: ServiceError): void => void call.emit('error', error)

    const answer = async (pending: Pending): Promise<void> => {
      if (node.knobs.role === 'notReady') {
        const nothing = ['google.protobuf.Empty', wellKnown.empty()] as const
        call.write(refusal(pending, google.Code.OK, 'Server Is Not Ready', nothing))
        return
      }
      admit(node, leaderRequired)
      const fault = node.knobs.appends.shift()
      if (fault === 'silence') return
      if (fault === 'endOfBatch') {
        call.end()
        return
      }
      if (fault === 'unavailable') throw failure(status.UNAVAILABLE, 'Connection dropped')
      const written = await write(node, pending)
      if (fault === 'commitThenSilence') return
      if (fault === 'commitThenUnavailable') throw failure(status.UNAVAILABLE, 'Connection dropped')
      call.write(fault === 'commitThenTimeout' ? timeout(pending) : written)
    }

    node.seen.batches += 1
    call.on('data', (message: BatchAppendReq) => {
      const pending = assemble(table, message)
      if (pending !== undefined) answer(pending).catch((error: unknown) => abort(failureOf(error)))
    })
    call.on('end', () => call.end())
    call.on('error', () => undefined)
  }
