// The embedded event store: EventStoreDB's semantics on LMDB, in this process. An acknowledged append is on disk.
import { AppendTooLarge, type EventStore, type Expected, LedgerFault, WrongExpectedVersion } from './store.ts'
import { check } from './embedded/check.ts'
import { readAll, readStream } from './embedded/reading.ts'
import { openRecent } from './embedded/recent.ts'
import { requireStorable } from './embedded/record.ts'
import { openSignal } from './embedded/signal.ts'
import { isMetastream, isSoftDeleted, lookUp, type Settings, type Stream } from './embedded/streams.ts'
import { type Source, subscribeToAll, subscribeToStream } from './embedded/subscribing.ts'
import { requireRoom } from './embedded/room.ts'
import { openTables } from './embedded/tables.ts'
import { openWriter, settingsEvent } from './embedded/writer.ts'
import { claimWritership } from './embedded/writership.ts'

/** Octets of data that one append may hold, as on the server (eventstoredb.md section 2). */
const mostData = 1_048_576
/** How often a reader beside the writing process looks for what has come, in milliseconds. */
const watchMs = 200
/** Events whose ids are remembered for appends without a revision. */
const remembered = 60_000

export type EmbeddedOptions = Readonly<{
  /** Directory; made when it is not there. */
  path: string
  /** Reads only, beside the process that writes. */
  readOnly?: boolean
  clock?: () => Date
}>

const requireName = (stream: string): void => {
  if (stream === '' || stream === '$$') throw new RangeError('a stream needs a name')
}

/** Deletions compare the revision alone: ids play no part. @throws WrongExpectedVersion */
const requireExpected = (stream: Stream, expected: Expected): void => {
  const actual = stream.last < 0 ? 'no_stream' : stream.last
  const fits = expected === 'any' || (expected === 'stream_exists' ? stream.last >= 0 : expected === actual)
  if (!fits) throw new WrongExpectedVersion(stream.name, expected, actual)
}

/**
 * Opens the ledger in a directory. One process writes; others may open it read-only at the same time.
 * @throws LedgerFault when another live process writes, or the directory holds another format
 */
export const openEmbeddedStore = async ({
  path,
  readOnly = false,
  clock = () => new Date(),
}: EmbeddedOptions): Promise<EventStore> => {
  const tables = await openTables(path, readOnly)
  const writership = readOnly ? undefined : await claim(tables, path)
  const recent = openRecent(remembered)
  const signal = openSignal()
  const now = (): number => clock().getTime()
  const writer = openWriter(
    { tables, recent, now },
    {
      requireRoom: () => requireRoom(path),
      inTransaction: () => writership?.require(),
      committed: signal.fire,
    },
  )
  let open = true
  const watching = readOnly ? { watchMs } : {}
  const source: Source = { tables, signal, now, isOpen: () => open, ...watching }
  const view = { tables, now }

  const submit: typeof writer.submit = async (octets, change) => {
    if (!open) throw new LedgerFault('the ledger is closed')
    if (readOnly) throw new LedgerFault('the ledger was opened read-only')
    return await writer.submit(octets, change)
  }

  const writeSettings = (name: string, change: (before: Settings) => Settings): Promise<void> =>
    submit(0, (hand) => {
      const stream = hand.look(name)
      const metastream = hand.look(`$$${name}`)
      check({ tables, recent, now }, metastream, [], 'any')
      hand.write(metastream, [settingsEvent(change(stream.settings))])
    })

  return {
    append: async (name, events, expected) => {
      requireName(name)
      requireStorable(name, events)
      const octets = events.reduce((sum, { data }) => sum + data.length, 0)
      if (octets > mostData) throw new AppendTooLarge(mostData)
      const stored = events.map((event) => ({ ...event, id: event.id.toLowerCase() }))
      const ids = stored.map(({ id }) => id)
      return await submit(octets, (hand) => {
        const stream = hand.look(name)
        const verdict = check({ tables, recent, now }, stream, ids, expected)
        return verdict.write ? hand.write(stream, stored) : verdict.appended
      })
    },
    readStream: (name, options) => readStream(view, name, options),
    readAll: (options) => readAll(view, options),
    subscribeToAll: (options) => subscribeToAll(source, options),
    subscribeToStream: (name, options) => subscribeToStream(source, name, options),
    deleteStream: (name, expected = 'any') =>
      submit(0, (hand) => {
        const stream = hand.look(name)
        check({ tables, recent, now }, stream, [], 'any')
        requireExpected(stream, expected)
        if (stream.last < 0) throw new WrongExpectedVersion(name, expected, 'no_stream')
        hand.write(hand.look(`$$${name}`), [settingsEvent({ $tb: 2 ** 63 })])
      }),
    tombstoneStream: (name, expected = 'any') =>
      submit(0, (hand) => {
        const stream = hand.look(name)
        check({ tables, recent, now }, stream, [], 'any')
        requireExpected(stream, expected)
        hand.tombstone(stream)
      }),
    setStreamMetadata: async (name, { maxCount, truncateBefore }) => {
      if (isMetastream(name)) throw new RangeError('a metastream has no settings of its own')
      await writeSettings(name, (before) => ({
        ...(isSoftDeleted(lookUp(tables, name)) ? before : {}),
        ...(maxCount === undefined ? {} : { $maxCount: maxCount }),
        ...(truncateBefore === undefined ? {} : { $tb: truncateBefore }),
      }))
    },
    close: async () => {
      if (!open) return
      open = false
      await writer.drained()
      signal.fire()
      await writership?.release()
      await tables.environment.close()
    },
  }
}

const claim = async (tables: Awaited<ReturnType<typeof openTables>>, path: string) => {
  try {
    return await claimWritership(tables, path)
  } catch (error) {
    await tables.environment.close()
    throw error
  }
}
