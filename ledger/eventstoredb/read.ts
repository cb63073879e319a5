import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import {
  comparePositions,
  LogTruncated,
  type Position,
  type ReadOptions,
  type RecordedEvent,
  StreamNotFound,
} from '../store.ts'
import type { Connection } from './connection.ts'
import { NoAnswer } from './deadline.ts'
import { answerOf, commandError, faultOf, isFinal } from './faults.ts'
import type { Gate } from './gate.ts'
import { openMessages } from './messages.ts'
import { recordedFrom } from './recorded.ts'
import { type Direction, readAllRequest, readStreamRequest } from './requests.ts'
import { type Limits, pause, recover } from './retry.ts'

/** The first event of a read, which is then cancelled. */
export const first = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent | undefined> => {
  for await (const event of events) return event
  return undefined
}

export type Reader = Readonly<{
  readStream: (stream: string, options?: ReadOptions<number>) => AsyncIterable<RecordedEvent>
  readAll: (options?: ReadOptions<Position>) => AsyncIterable<RecordedEvent>
}>

/** A read that can be taken up again where it broke off. */
type Course = Readonly<{
  what: string
  stream: string
  limit: number
  /** What is still to be read after `last`; undefined when that is nothing. `limit` counts `last` where it comes again. */
  request: (last: RecordedEvent | undefined, limit: number) => ReadReq | undefined
  /** Whether the event was handed out before. @throws LogTruncated */
  repeats: (event: RecordedEvent, last: RecordedEvent | undefined) => boolean
  /** An end of the read is believed only when a further read finds nothing: see `readAll`. */
  confirmEnd: boolean
}>

const edge = (direction: Direction): 'start' | 'end' => (direction === 'forwards' ? 'start' : 'end')

const streamCourse = (stream: string, options: ReadOptions<number>): Course => {
  const direction = options.direction ?? 'forwards'
  const from = options.from ?? edge(direction)
  return {
    what: 'read',
    stream,
    limit: options.limit ?? Infinity,
    repeats: () => false,
    confirmEnd: false,
    request: (last, limit) => {
      // Nothing lies beyond the end; the server answers such a question with UNKNOWN.
      if (direction === 'forwards' && from === 'end') return undefined
      if (last === undefined) return readStreamRequest(stream, from, direction, limit)
      if (direction === 'forwards') return readStreamRequest(stream, last.revision + 1, direction, limit)
      return last.revision === 0 ? undefined : readStreamRequest(stream, last.revision - 1, direction, limit)
    },
  }
}

const allCourse = (options: ReadOptions<Position>): Course => {
  const direction = options.direction ?? 'forwards'
  const from = options.from ?? edge(direction)
  const forwards = direction === 'forwards'
  return {
    what: 'read of $all',
    stream: '$all',
    limit: options.limit ?? Infinity,
    // Forwards is inclusive: the last event comes again, and must be the same one.
    request: (last, limit) =>
      readAllRequest(last?.position ?? from, direction, last !== undefined && forwards ? limit + 1 : limit),
    repeats: (event, last) => {
      if (last === undefined || !forwards || comparePositions(event.position, last.position) > 0) return false
      if (event.id !== last.id) throw new LogTruncated(last.position)
      return true
    },
    // A server that goes away ends its reads with OK: a replay must not take half the ledger for the whole.
    confirmEnd: forwards,
  }
}

export const openReader = (connection: Connection, gate: Gate, limits: Limits): Reader => {
  const idle = limits.readIdleTimeoutMs

  const once = async function* (request: ReadReq, stream: string): AsyncGenerator<RecordedEvent, void> {
    const leave = await gate.enter(idle)
    try {
      const messages = await openMessages(connection, idle, request)
      try {
        for (;;) {
          const message = await messages.next(idle)
          if (message === undefined) return
          if (message === 'idle') throw new NoAnswer(`a read was silent for ${idle} ms`)
          if (message.hasStreamNotFound()) throw new StreamNotFound(stream)
          const event = message.getEvent()?.getEvent()
          if (event !== undefined) yield recordedFrom(event)
        }
      } finally {
        messages.cancel()
      }
    } finally {
      leave()
    }
  }

  /** Throws what no further attempt would change, else waits for the next one. */
  const settle = async (course: Course, thrown: unknown, failures: number): Promise<void> => {
    const error = commandError(thrown)
    const answer = answerOf(error, course.stream, 'any')
    if (answer !== undefined) throw answer
    if (isFinal(error) || failures >= limits.attempts) throw faultOf(course.what, error)
    recover(connection, error)
    await pause(limits, failures)
  }

  const follow = async function* (course: Course): AsyncGenerator<RecordedEvent, void> {
    let last: RecordedEvent | undefined
    let left = course.limit
    let failures = 0
    while (left > 0) {
      const request = course.request(last, left)
      if (request === undefined) return
      let fresh = false
      try {
        for await (const event of once(request, course.stream)) {
          if (course.repeats(event, last)) continue
          fresh = true
          failures = 0
          left -= 1
          last = event
          yield event
        }
        if (!(fresh && course.confirmEnd)) return
      } catch (thrown) {
        failures += 1
        await settle(course, thrown, failures)
      }
    }
  }

  return {
    readStream: (stream, options = {}) => follow(streamCourse(stream, options)),
    readAll: (options = {}) => follow(allCourse(options)),
  }
}
