// The sealed ledger over an event store: what commands, projections and the command line work with.
import type { Aggregate, Destroyed, Json, Stored } from '../domain/kernel.ts'
import { entryOf, isSystem, NotAnEntry, publicPart } from './body.ts'
import type { DataKeys, Draft, Entry, Follower, Ledger, Loaded } from './ledger.ts'
import { requireDrafts, sealDrafts } from './sealDrafts.ts'
import { openField } from './sealing.ts'
import {
  comparePositions,
  StreamNotFound,
  type EventStore,
  type Expected,
  type Position,
  type Subscription,
} from './store.ts'

export type LedgerParts = Readonly<{
  store: EventStore
  keys: DataKeys
  /** Origin of the log (policy `log`): every seal and leaf is bound to it. */
  log: string
  now: () => Date
  randomBytes: (length: number) => Uint8Array
}>

type Latest = Readonly<{ revision: number; at: string }>

// The last `at` of the streams loaded last: `handle` appends to what it has just loaded, and need not read it again.
const remembered = 1024

/** Opens what there is a key for. @throws BrokenSeal */
export const openEntry = async (
  { keys, log }: Readonly<{ keys: Pick<DataKeys, 'find'>; log: string }>,
  entry: Entry,
): Promise<Stored> => {
  const { id, type, body } = entry
  const sealed: Record<string, Json | Destroyed> = {}
  for (const [field, stored] of Object.entries(body.sealed)) {
    const key = await keys.find(stored.k)
    sealed[field] =
      key === undefined ? { destroyed: true } : openField(key, { log, eventId: id, field }, stored)
  }
  return { type, pub: body.pub, sealed }
}

/** Entries of what the store delivers, its own events left out. */
const follower = (subscription: Subscription): Follower => {
  const entries = async function* (): AsyncGenerator<Entry | 'caughtUp'> {
    let caughtUp = false
    for await (const delivery of subscription) {
      if (delivery.kind === 'event' && !isSystem(delivery.event)) yield entryOf(delivery.event)
      if (delivery.kind === 'caughtUp' && !caughtUp) {
        caughtUp = true
        yield 'caughtUp'
      }
    }
  }
  return { [Symbol.asyncIterator]: entries, stop: () => subscription.unsubscribe() }
}

/** Makes the ledger. Data keys stay with `keys`; closing the ledger closes the store. */
export const createLedger = ({ store, keys, log, now, randomBytes }: LedgerParts): Ledger => {
  const latest = new Map<string, Latest>()

  const open = (entry: Entry): Promise<Stored> => openEntry({ keys, log }, entry)

  const remember = (stream: string, last: Latest): void => {
    latest.delete(stream)
    latest.set(stream, last)
    if (latest.size <= remembered) return
    const [oldest] = latest.keys()
    if (oldest !== undefined) latest.delete(oldest)
  }

  const readStream = async function* (stream: string): AsyncGenerator<Entry> {
    let next = 0
    for await (const record of store.readStream(stream)) {
      // A fold of half a stream would let pass what the missing half forbids.
      if (record.revision !== next) throw new NotAnEntry(record, `revision ${next} is missing before it`)
      next += 1
      yield entryOf(record)
    }
  }

  const loadBy = async <S, E>(
    { name, initial, evolve, decode }: Aggregate<S, E>,
    id: string,
    opened: (entry: Entry) => Stored | Promise<Stored>,
  ): Promise<Loaded<S>> => {
    const stream = `${name}-${id}`
    const written = new Map<string, Position>()
    let state = initial
    let last: Entry | undefined
    try {
      for await (const entry of readStream(stream)) {
        state = evolve(state, decode(await opened(entry)))
        written.set(entry.id, entry.position)
        last = entry
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error
    }
    if (last === undefined) return { state, revision: -1, written }
    remember(stream, { revision: last.revision, at: last.body.at })
    return { state, revision: last.revision, written }
  }

  /** `at` of the event that the append is to follow, where there is one. */
  const lastAt = async (stream: string, expected: Expected): Promise<string> => {
    if (expected === 'no_stream') return ''
    const known = latest.get(stream)
    if (known !== undefined && known.revision === expected) return known.at
    const place =
      typeof expected === 'number'
        ? { from: expected, limit: 1 }
        : { direction: 'backwards' as const, limit: 1 }
    try {
      for await (const record of store.readStream(stream, place)) return entryOf(record).body.at
    } catch (error) {
      // The append itself will say what is wrong with the expectation.
      if (!(error instanceof StreamNotFound)) throw error
    }
    return ''
  }

  const lastRevision = async (stream: string): Promise<number> => {
    try {
      for await (const record of store.readStream(stream, { direction: 'backwards', limit: 1 })) {
        const { revision, body } = entryOf(record)
        remember(stream, { revision, at: body.at })
        return revision
      }
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error
    }
    return -1
  }

  const entryAt = async (stream: string, revision: number): Promise<Entry | undefined> => {
    try {
      for await (const record of store.readStream(stream, { from: revision, limit: 1 }))
        return record.revision === revision ? entryOf(record) : undefined
    } catch (error) {
      if (!(error instanceof StreamNotFound)) throw error
    }
    return undefined
  }

  const append = async (stream: string, drafts: readonly Draft[], expected: Expected): Promise<Position> => {
    requireDrafts(stream, drafts)
    const before = await lastAt(stream, expected)
    const present = now().toISOString()
    const at = before > present ? before : present
    const { position } = await store.append(
      stream,
      await sealDrafts({ keys, log, randomBytes }, drafts, at),
      expected,
    )
    if (position === undefined)
      throw new Error(`${stream}: the events are there, but hidden; the stream was truncated`)
    return position
  }

  const entries = async function* (after?: Position): AsyncGenerator<Entry> {
    for await (const record of store.readAll({ from: after ?? 'start' })) {
      if (isSystem(record)) continue
      if (after === undefined || comparePositions(record.position, after) > 0) yield entryOf(record)
    }
  }

  const head = async (): Promise<Position | undefined> => {
    for await (const record of store.readAll({ direction: 'backwards' }))
      if (!isSystem(record)) return record.position
    return undefined
  }

  return {
    load: (aggregate, id) => loadBy(aggregate, id, open),
    loadPublic: (aggregate, id) => loadBy(aggregate, id, publicPart),
    ...{ lastRevision, append, entries, entryAt, head, publicPart, open, stream: readStream },
    follow: (after) =>
      follower(store.subscribeToAll({ after: after ?? 'start', filter: { typeRegex: '^[^$]' } })),
    close: () => store.close(),
  }
}
