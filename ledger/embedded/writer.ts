import { randomUUID } from 'node:crypto'
import { type Appended, LedgerFault, type Proposed } from '../store.ts'
import { placeKey, revisionKey } from './keys.ts'
import type { Recent } from './recent.ts'
import { openEncoder, placeAfter, tombstoneRevision } from './record.ts'
import { isMetastream, isSoftDeleted, lookUp, type Settings, type Stream } from './streams.ts'
import { committed, nextPlace, type Tables } from './tables.ts'

/** What a change may do within its transaction: events go behind one another, and later looks see them. */
export type Hand = Readonly<{
  look: (stream: string) => Stream
  write: (stream: Stream, events: readonly Proposed[]) => Appended
  /** Writes `$streamDeleted`. */
  tombstone: (stream: Stream) => void
}>

export const settingsEvent = (settings: Settings): Proposed => ({
  id: randomUUID(),
  type: '$metadata',
  json: true,
  // 2^63 - 1 has no double: JSON.stringify would write 9223372036854776000, which no server reads back.
  data: Buffer.from(
    JSON.stringify(settings).replace(/"\$tb":9223372036854776000(?=[,}])/, '"$tb":9223372036854775807'),
  ),
})

type WriterParts = Readonly<{ tables: Tables; recent: Recent; now: () => number }>

/** A hand for one transaction, which begins to write where the log ends. */
export const openHand = (
  { tables, recent, now }: WriterParts,
  encode: ReturnType<typeof openEncoder>,
): Hand => {
  let place = nextPlace(tables)

  const put = (stream: Stream, revision: number, event: Proposed): number => {
    const record = encode({ stream: stream.name, revision, created: now() }, event)
    const key = placeKey(place)
    void tables.log.put(key, record)
    void tables.index.put(revisionKey(stream.prefix, revision), key)
    recent.add(stream.name, event.id, revision)
    const here = place
    place = placeAfter(place, record)
    return here
  }

  const putAll = (stream: Stream, events: readonly Proposed[]): Appended => {
    let revision = stream.last
    let at = 0
    for (const event of events) {
      revision += 1
      at = put(stream, revision, event)
    }
    return at === 0 ? { revision } : { revision, position: { commit: BigInt(at), prepare: BigInt(at) } }
  }

  /** A soft-deleted stream comes back with what is written from now on: `$tb` moves to the old end. */
  const revive = (stream: Stream, settings: Settings): void => {
    putAll(lookUp(tables, `$$${stream.name}`), [settingsEvent({ ...settings, $tb: stream.last + 1 })])
  }

  const write = (stream: Stream, events: readonly Proposed[]): Appended => {
    const original = isMetastream(stream.name) ? lookUp(tables, stream.name.slice(2)) : undefined
    const appended = putAll(stream, events)
    if (isSoftDeleted(stream)) revive(stream, stream.settings)
    if (original !== undefined && isSoftDeleted(original))
      revive(original, lookUp(tables, original.name).settings)
    return appended
  }

  const tombstone = (stream: Stream): void => {
    const event = { id: randomUUID(), type: '$streamDeleted', json: false, data: new Uint8Array() }
    put(stream, tombstoneRevision, event)
  }

  return { look: (stream) => lookUp(tables, stream), write, tombstone }
}

type Waiting = Readonly<{
  octets: number
  /** Runs in the transaction. @throws what the caller is to get; then it has written nothing */
  change: (hand: Hand) => unknown
  resolve: (result: unknown) => void
  reject: (reason: unknown) => void
}>

type Outcome = Readonly<{ waiting: Waiting; answer: () => void }>

// What shares a commit waits for the whole of it, and its memory.
const mostChanges = 1024
const mostOctets = 8 * 1024 * 1024

export type Writer = Readonly<{
  /** Applies a change; when it resolves, it is on disk. @throws what the change throws; LedgerFault */
  submit: <T>(octets: number, change: (hand: Hand) => T) => Promise<T>
  /** Resolves when everything submitted so far is settled. */
  drained: () => Promise<void>
}>

/**
 * Group commit: whatever has come in while the disk was busy shares the next transaction and its flush. Each change
 * sees those before it, and fails alone.
 */
export const openWriter = (
  parts: WriterParts,
  hooks: Readonly<{ requireRoom: () => void; inTransaction: () => void; committed: () => void }>,
): Writer => {
  const encode = openEncoder()
  let queue: Waiting[] = []
  let running: Promise<void> | undefined

  const take = (): Waiting[] => {
    let octets = 0
    let count = 0
    while (count < queue.length && count < mostChanges && octets < mostOctets)
      octets += queue[count++]?.octets ?? 0
    const taken = queue.slice(0, count)
    queue = queue.slice(count)
    return taken
  }

  const apply = (hand: Hand, waiting: Waiting): Outcome => {
    try {
      const result = waiting.change(hand)
      return { waiting, answer: () => waiting.resolve(result) }
    } catch (error) {
      return { waiting, answer: () => waiting.reject(error) }
    }
  }

  const commit = async (): Promise<void> => {
    let taken: Waiting[] = []
    try {
      hooks.requireRoom()
      // A child transaction: should LMDB refuse a write half-way, all of this commit is undone.
      const outcomes = await committed(
        parts.tables.environment.childTransaction(() => {
          taken = take()
          hooks.inTransaction()
          const hand = openHand(parts, encode)
          return taken.map((waiting) => apply(hand, waiting))
        }),
      )
      for (const { answer } of outcomes) answer()
      hooks.committed()
    } catch (cause) {
      parts.recent.forget()
      const fault =
        cause instanceof LedgerFault ? cause : new LedgerFault('the ledger was not written', { cause })
      for (const { reject } of taken) reject(fault)
      if (taken.length === 0) for (const { reject } of queue.splice(0)) reject(fault)
    }
  }

  const run = async (): Promise<void> => {
    while (queue.length > 0) await commit()
    running = undefined
  }

  return {
    submit: <T>(octets: number, change: (hand: Hand) => T) =>
      new Promise<T>((resolve, reject) => {
        queue.push({ octets, change, resolve: resolve as (result: unknown) => void, reject })
        running ??= run()
      }),
    drained: async () => running,
  }
}
