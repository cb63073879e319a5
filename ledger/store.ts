// The port of the event store: EventStoreDB's own semantics, at the level of bytes. Two adapters hold it, embedded.ts
// and eventstoredb.ts; test/contract/ runs the same cases on both. The sealed ledger is built on top, in ledger.ts.

/** A place in the log. Opaque: compare with `comparePositions`, never add or subtract; both halves are kept (KurrentDB#4970). */
export type Position = Readonly<{ commit: bigint; prepare: bigint }>

export const comparePositions = (a: Position, b: Position): number =>
  a.commit === b.commit ? compare(a.prepare, b.prepare) : compare(a.commit, b.commit)
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** What the stream must look like for an append: its last revision, or one of the named states. */
export type Expected = number | 'no_stream' | 'stream_exists' | 'any'

/** An event to append. `data` and `metadata` are opaque bytes; `json` only says how the content type reads back. */
export type Proposed = Readonly<{
  id: string
  type: string
  data: Uint8Array
  metadata?: Uint8Array
  json: boolean
}>

export type RecordedEvent = Readonly<{
  id: string
  type: string
  stream: string
  /** Rank in its stream, from 0. */
  revision: number
  position: Position
  created: Date
  json: boolean
  data: Uint8Array
  /** Absent where it was absent or empty. */
  metadata?: Uint8Array
}>

/** `revision` is that of the list's last event; `position` is absent when the original is hidden (soft delete, `$tb`). */
export type Appended = Readonly<{ revision: number; position?: Position }>

export type ReadOptions<From> = Readonly<{
  /** Inclusive for streams both ways and for `$all` forwards; exclusive for `$all` backwards. Default: the start (the end backwards). */
  from?: From | 'start' | 'end'
  direction?: 'forwards' | 'backwards'
  limit?: number
}>

export type Filter = Readonly<
  | { streamPrefixes: readonly string[] }
  | { typePrefixes: readonly string[] }
  | { streamRegex: string }
  | { typeRegex: string }
>

/** What a subscription delivers. `checkpoint` is a resume point, not an event's place. */
export type Delivery =
  | Readonly<{ kind: 'event'; event: RecordedEvent }>
  | Readonly<{ kind: 'caughtUp' }>
  | Readonly<{ kind: 'checkpoint'; position: Position }>

export type SubscribeOptions<From> = Readonly<{
  /** Exclusive: delivery begins after it. `'start'`: from the first event; `'end'`: only what is committed from now on. */
  after?: From | 'start' | 'end'
}>

export type SubscribeAllOptions = SubscribeOptions<Position> &
  Readonly<{
    /**
     * Id of the event at `after`, where the consumer kept it. Another event found in its place means that the log was
     * truncated below the checkpoint or restored from an older copy: LogTruncated.
     */
    afterId?: string
    filter?: Filter
    /** Checkpoint every `interval` × `window` considered events. Defaults 1 × 32. */
    checkpointInterval?: number
    window?: number
  }>

/**
 * A live subscription that has caught up goes on; iterate it once. Each event comes once, in order. The adapter resumes
 * by itself after a dropped connection (eventstoredb.md section 4, robust consumer).
 */
export type Subscription = AsyncIterable<Delivery> & Readonly<{ unsubscribe: () => Promise<void> }>

export type StreamMetadata = Readonly<{ maxCount?: number; truncateBefore?: number }>

export type EventStore = Readonly<{
  /**
   * Atomic and durable: when it resolves, all events are on disk, consecutive in stream and log. Idempotent on event
   * ids as EventStoreDB is (eventstoredb.md section 2): strong for a revision or `no_stream`, best effort for the others.
   * @throws WrongExpectedVersion, StreamDeleted, AppendTooLarge: nothing was written
   * @throws LedgerFault: unknown whether it was written; send the same list again
   */
  append: (stream: string, events: readonly Proposed[], expected: Expected) => Promise<Appended>
  /** @throws StreamNotFound, StreamDeleted on the first pull. */
  readStream: (stream: string, options?: ReadOptions<number>) => AsyncIterable<RecordedEvent>
  readAll: (options?: ReadOptions<Position>) => AsyncIterable<RecordedEvent>
  subscribeToAll: (options?: SubscribeAllOptions) => Subscription
  subscribeToStream: (stream: string, options?: SubscribeOptions<number>) => Subscription
  /** Soft delete: `$tb` to the maximum; the events stay in `$all`. @throws WrongExpectedVersion */
  deleteStream: (stream: string, expected?: Expected) => Promise<void>
  tombstoneStream: (stream: string, expected?: Expected) => Promise<void>
  setStreamMetadata: (stream: string, metadata: StreamMetadata) => Promise<void>
  close: () => Promise<void>
}>

/** Somebody was faster, or the stream is not what the caller thought. `actual` is the last revision. */
export class WrongExpectedVersion extends Error {
  override readonly name = 'WrongExpectedVersion'
  readonly stream: string
  readonly expected: Expected
  readonly actual: number | 'no_stream'
  constructor(stream: string, expected: Expected, actual: number | 'no_stream') {
    super(`${stream}: expected ${expected}, found ${actual}`)
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}

/** The stream holds no event, or none that is visible. */
export class StreamNotFound extends Error {
  override readonly name = 'StreamNotFound'
  readonly stream: string
  constructor(stream: string) {
    super(`${stream}: no such stream`)
    this.stream = stream
  }
}

/** The stream was tombstoned, or it was soft-deleted and the append asked for an existing one. */
export class StreamDeleted extends Error {
  override readonly name = 'StreamDeleted'
  readonly stream: string
  constructor(stream: string) {
    super(`${stream}: deleted`)
    this.stream = stream
  }
}

/** The events' bytes, together, pass what one append may hold (1,048,576 octets). */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge'
  readonly limit: number
  constructor(limit: number) {
    super(`an append may hold ${limit} octets`)
    this.limit = limit
  }
}

/**
 * The log ends before a place that a reader has already passed, or holds another event there: it was truncated or restored
 * from an older copy. Never retried; whatever was derived from the lost events must be rebuilt.
 */
export class LogTruncated extends Error {
  override readonly name = 'LogTruncated'
  readonly position: Position
  constructor(position: Position) {
    super(
      `the log no longer holds what was read at ${position.commit.toString()}/${position.prepare.toString()}`,
    )
    this.position = position
  }
}

/** The store is out of reach or gave no answer: retry the same act; at the edge this is a 503. */
export class LedgerFault extends Error {
  override readonly name = 'LedgerFault'
}
