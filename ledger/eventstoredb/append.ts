import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import {
  type Appended,
  type Expected,
  type Proposed,
  type RecordedEvent,
  StreamDeleted,
  StreamNotFound,
  WrongExpectedVersion,
} from '../store.ts'
import type { Connection } from './connection.ts'
import { answerOf, commandError, faultOf, isFinal, surelyNotDone } from './faults.ts'
import type { Gate } from './gate.ts'
import type { Reader } from './read.ts'
import { positionOf } from './recorded.ts'
import { appendRequests } from './requests.ts'
import { type Limits, pause, recover } from './retry.ts'

export type Append = (stream: string, events: readonly Proposed[], expected: Expected) => Promise<Appended>

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const noId = '00000000-0000-0000-0000-000000000000'

const requireSendable = (events: readonly Proposed[], expected: Expected): void => {
  // A negative revision cannot be serialised, and takes down whatever else is on its way (section 2, hazard e).
  if (typeof expected === 'number' && !(Number.isSafeInteger(expected) && expected >= 0))
    throw new RangeError(`${expected} is no revision`)
  for (const event of events) {
    if (!uuid.test(event.id) || event.id === noId) throw new RangeError(`${event.id} is no event id`)
    if (event.type === '') throw new RangeError('an event needs a type')
  }
}

const appendedFrom = (stream: string, expected: Expected, response: AppendResp): Appended => {
  const refused = response.getWrongExpectedVersion()
  if (refused !== undefined)
    throw new WrongExpectedVersion(
      stream,
      expected,
      refused.hasCurrentRevision() ? Number(refused.getCurrentRevision()) : 'no_stream',
    )
  const success = response.getSuccess()
  if (success === undefined) throw new Error('an append was answered without a result')
  const position = success.getPosition()
  const revision = success.hasNoStream() ? -1 : Number(success.getCurrentRevision())
  return position === undefined ? { revision } : { revision, position: positionOf(position) }
}

/**
 * The robust writer of eventstoredb.md section 4, by the unary Append. The client would choose BatchAppend: one table of
 * pending appends for the whole process, no deadline, one error that rejects the appends of every client and crashes on
 * the answers that still come, and a server that ends the stream leaves all later appends hanging. Unary costs one HTTP/2
 * stream an append; it has a deadline, fails alone, and asks no ServerFeatures first, whose failure would stick.
 */
export const openAppend = (connection: Connection, gate: Gate, reader: Reader, limits: Limits): Append => {
  const send = (requests: readonly AppendReq[]): Promise<AppendResp> =>
    connection.call<AppendResp>(limits.appendTimeoutMs, (grpc, [metadata, options], done) => {
      const sink = grpc.append(metadata, options, done)
      for (const request of requests) sink.write(request)
      sink.end()
      return sink
    })

  const once = async (
    requests: readonly AppendReq[],
    stream: string,
    expected: Expected,
  ): Promise<Appended> =>
    appendedFrom(stream, expected, await gate.through(limits.appendTimeoutMs, () => send(requests)))

  /** The events after `expected`, where they are ours: then it was our own earlier attempt that was faster. */
  const alreadyThere = async (
    stream: string,
    events: readonly Proposed[],
    from: number,
  ): Promise<Appended | undefined> => {
    const found: RecordedEvent[] = []
    for await (const event of reader.readStream(stream, { from, limit: events.length })) found.push(event)
    const same = (event: Proposed, i: number): boolean =>
      found[i]?.revision === from + i && found[i].id === event.id.toLowerCase()
    const last = found.at(-1)
    return last !== undefined && events.every(same)
      ? { revision: last.revision, position: last.position }
      : undefined
  }

  /** @throws LedgerFault where nobody can say: taken for another's, it would be written once more */
  const ownWork = async (
    answer: Error | undefined,
    stream: string,
    events: readonly Proposed[],
    expected: Expected,
  ): Promise<Appended | undefined> => {
    if (!(answer instanceof WrongExpectedVersion)) return undefined
    if (expected !== 'no_stream' && typeof expected !== 'number') return undefined
    try {
      return await alreadyThere(stream, events, expected === 'no_stream' ? 0 : expected + 1)
    } catch (error) {
      if (error instanceof StreamNotFound || error instanceof StreamDeleted) return undefined
      throw error
    }
  }

  const mayRetry = (error: Error, expected: Expected): boolean => {
    if (surelyNotDone(error)) return true
    // Without a revision the server knows a repeated append by its cache alone: a retry could write it twice. The caller
    // gets the fault and decides.
    return !isFinal(error) && expected !== 'any' && expected !== 'stream_exists'
  }

  const attempts = async (
    stream: string,
    events: readonly Proposed[],
    expected: Expected,
  ): Promise<Appended> => {
    const requests = appendRequests(stream, events, expected)
    for (let failures = 0; ;) {
      try {
        return await once(requests, stream, expected)
      } catch (thrown) {
        const error = commandError(thrown)
        const answer = answerOf(error, stream, expected)
        const ours = failures > 0 ? await ownWork(answer, stream, events, expected) : undefined
        if (ours !== undefined) return ours
        if (answer !== undefined) throw answer
        failures += 1
        recover(connection, error)
        if (failures >= limits.attempts || !mayRetry(error, expected)) throw faultOf('append', error)
        await pause(limits, failures)
      }
    }
  }

  // Two appends to one stream that nobody awaited in between would race on two HTTP/2 streams: they go in call order.
  const tails = new Map<string, Promise<unknown>>()
  return async (stream, events, expected) => {
    requireSendable(events, expected)
    const before = tails.get(stream) ?? Promise.resolve()
    const result = before.then(() => attempts(stream, events, expected))
    const tail = result.catch(() => undefined)
    tails.set(stream, tail)
    try {
      return await result
    } finally {
      if (tails.get(stream) === tail) tails.delete(stream)
    }
  }
}
