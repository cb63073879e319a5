// Status codes and trailers as a 23.10.8 server sends them (eventstoredb.md section 6).
import { Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { AppendTooLarge, StreamDeleted, WrongExpectedVersion } from '../../../ledger/store.ts'

export const failure = (
  code: status,
  details: string,
  trailers: Readonly<Record<string, string>> = {},
): ServiceError => {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value)
  return Object.assign(new Error(details), { code, details, metadata })
}

export const handlerThrew = () => failure(status.UNKNOWN, 'Exception was thrown by handler.')
export const notReady = () => failure(status.UNAVAILABLE, 'Server Is Not Ready')
export const badPosition = () => failure(status.UNKNOWN, 'Unexpected ReadAllResult: Error')
export const badRead = () => failure(status.UNKNOWN, 'Unexpected ReadStreamResult: Error')

export const notLeader = (host: string, port: number) =>
  failure(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  })

export const streamDeleted = (stream: string) =>
  failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  })

const wrongVersion = (error: WrongExpectedVersion) => {
  const number = { any: -2, no_stream: -1, stream_exists: -4 }
  const expected = typeof error.expected === 'number' ? error.expected : number[error.expected]
  return failure(status.FAILED_PRECONDITION, 'Append failed due to WrongExpectedVersion.', {
    exception: 'wrong-expected-version',
    'stream-name': error.stream,
    'expected-version': String(expected),
    'actual-version': String(error.actual === 'no_stream' ? -1 : error.actual),
  })
}

const tooLarge = (error: AppendTooLarge) =>
  failure(status.INVALID_ARGUMENT, 'Maximum Append Size Exceeded.', {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(error.limit),
  })

/** The status for what the store threw. */
export const failureOf = (error: unknown): ServiceError => {
  if (error instanceof WrongExpectedVersion) return wrongVersion(error)
  if (error instanceof StreamDeleted) return streamDeleted(error.stream)
  if (error instanceof AppendTooLarge) return tooLarge(error)
  return error instanceof Error && 'code' in error && 'details' in error
    ? (error as ServiceError)
    : handlerThrew()
}
