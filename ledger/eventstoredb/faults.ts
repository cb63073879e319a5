// What the server and the client say, in the words of the port.
import {
  AccessDeniedError,
  convertToCommandError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  RequiredMetadataPropertyMissingError,
  StreamDeletedError,
  StreamNotFoundError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'
import {
  AppendTooLarge,
  LedgerFault,
  LogTruncated,
  StreamDeleted,
  StreamNotFound,
  WrongExpectedVersion,
  type Expected,
} from '../store.ts'

// gRPC status codes (the package that names them belongs to the client).
const invalidArgument = 3
const permissionDenied = 7
const resourceExhausted = 8
const unimplemented = 12

/** What one gRPC message may hold on the way to the server (eventstoredb.md section 2). */
const messageLimit = 16_767_216

/** An answer of the store, as opposed to a fault of the way there. */
const answers = [
  WrongExpectedVersion,
  StreamNotFound,
  StreamDeleted,
  AppendTooLarge,
  LogTruncated,
  LedgerFault,
]
export const isAnswer = (error: unknown): boolean =>
  error instanceof Error && answers.some((kind) => error instanceof kind)

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** The client's error class for anything that a call, a stream or discovery may throw. */
export const commandError = (error: unknown): Error =>
  isAnswer(error) ? asError(error) : convertToCommandError(asError(error))

/** Refused before anything was done: it may be sent again whatever it expects. */
export const surelyNotDone = (error: Error): boolean =>
  error instanceof NotLeaderError ||
  (error instanceof UnavailableError && error.message.includes('Server Is Not Ready'))

const refusals: readonly (number | undefined)[] = [invalidArgument, permissionDenied, unimplemented]

const codeOf = (error: Error): number | undefined => (error instanceof UnknownError ? error.code : undefined)

const isTooLong = (error: Error): boolean => codeOf(error) === resourceExhausted

/** The same call will meet the same answer: no use in sending it again. */
export const isFinal = (error: Error): boolean =>
  isAnswer(error) ||
  error instanceof AccessDeniedError ||
  error instanceof RequiredMetadataPropertyMissingError ||
  isTooLong(error) ||
  refusals.includes(codeOf(error))

const actualOf = (actual: WrongExpectedVersionError['actualVersion']): number | 'no_stream' => {
  // Append answers "no_stream"; delete and tombstone answer -1 for the same thing.
  const last = actual === 'no_stream' ? -1 : Number(actual)
  return last < 0 ? 'no_stream' : last
}

/** The port's error for a failed call about `stream`, or undefined where the outcome is no answer of the store. */
export const answerOf = (error: Error, stream: string, expected: Expected): Error | undefined => {
  if (isAnswer(error)) return error
  if (error instanceof WrongExpectedVersionError)
    return new WrongExpectedVersion(stream, expected, actualOf(error.actualVersion))
  if (error instanceof StreamDeletedError) return new StreamDeleted(stream)
  if (error instanceof StreamNotFoundError) return new StreamNotFound(stream)
  if (error instanceof MaxAppendSizeExceededError) return new AppendTooLarge(error.maxAppendSize)
  return isTooLong(error) ? new AppendTooLarge(messageLimit) : undefined
}

/** The fault that a caller sees when the store stays out of reach. */
export const faultOf = (what: string, error: Error): LedgerFault =>
  new LedgerFault(`${what}: ${error.constructor.name} ${error.message}`.trim(), { cause: error })
