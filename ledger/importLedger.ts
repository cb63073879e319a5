// An exported ledger goes into an empty event store, in its order. The file has been read once before the first append, and is read
// again for it: what is there already has to be its beginning, the rest is appended, and then the whole is read back.
import { isSystem } from './body.ts'
import { ExportFault } from './exportFormat.ts'
import { beginImport, endImport, importOf, type ImportMark } from './importMark.ts'
import { checkExport, readExport, type ReadExport, type ReadingExport } from './readExport.ts'
import type { EventStore, RecordedEvent } from './store.ts'
import { verifyLedger, type Verified } from './verify.ts'

/** The store is not one that the file may go into. Nothing was written. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused'
}

export type Importing = ReadingExport &
  Readonly<{
    /** Appends under way at once. More than one only where the store keeps them in the order in which they were called. */
    atOnce: number
    /** The ends of each of the three ways: the file is read, appended, and read back. */
    onStep?: (step: 'file' | 'append' | 'readBack') => void
  }>

export type Imported = ReadExport &
  Readonly<{
    /** Events that were there from an earlier attempt. */
    resumedAt: number
    appended: number
    verified: Verified
  }>

/** EventStoreDB takes 1,048,576 octets an append, newer servers with types and metadata counted. */
const mostOctets = 900_000
const mostEvents = 500

const octetsOf = ({ data, type }: RecordedEvent): number => data.length + 2 * type.length

/**
 * Appends events in their order, those of one stream that follow one another together. The cuts depend on the events alone, so that
 * an append whose answer was lost is the same again in the next attempt.
 */
const openAppender = (store: EventStore, atOnce: number) => {
  const underWay: Promise<unknown>[] = []
  let group: RecordedEvent[] = []
  let octets = 0
  let appended = 0

  const flush = async (): Promise<void> => {
    const [first] = group
    if (first === undefined) return
    const { stream, revision } = first
    const events = group.map(({ id, type, data, json }) => ({ id, type, data, json }))
    group = []
    octets = 0
    const append = store.append(stream, events, revision === 0 ? 'no_stream' : revision - 1)
    // It is awaited below, or by whoever comes to it first: until then nobody is told of its fault.
    append.catch(() => undefined)
    underWay.push(append)
    appended += events.length
    if (underWay.length >= atOnce) await underWay.shift()
  }

  return {
    take: async (record: RecordedEvent): Promise<void> => {
      const [first] = group
      const isNext =
        first?.stream === record.stream &&
        group.length < mostEvents &&
        octets + octetsOf(record) <= mostOctets
      if (!isNext) await flush()
      group.push(record)
      octets += octetsOf(record)
    },
    end: async (): Promise<number> => {
      await flush()
      for (const append of underWay) await append
      return appended
    },
  }
}

const entriesOf = async function* (store: EventStore): AsyncGenerator<RecordedEvent> {
  for await (const record of store.readAll()) if (!isSystem(record)) yield record
}

const isSame = (one: RecordedEvent, other: RecordedEvent): boolean =>
  one.stream === other.stream &&
  one.revision === other.revision &&
  one.id === other.id &&
  one.type === other.type &&
  Buffer.compare(one.data, other.data) === 0

const markOf = ({ sha256, head: { size, root } }: ReadExport): ImportMark => ({ sha256, size, root })

const isEmpty = async (store: EventStore): Promise<boolean> => {
  for await (const _ of entriesOf(store)) return false
  return true
}

/** @throws ImportRefused unless the ledger is empty, or holds the unfinished import of this very file */
const requirePlace = async (store: EventStore, mark: ImportMark): Promise<void> => {
  const state = await importOf(store)
  if (state === undefined) {
    if (await isEmpty(store)) return
    throw new ImportRefused('the ledger is not empty: an import goes into an empty one alone')
  }
  const { size, root, sha256 } = state.mark
  if (state.ended)
    throw new ImportRefused(`the ledger is not empty: a file of ${size} events was imported into it`)
  if (sha256 !== mark.sha256 || size !== mark.size || root !== mark.root)
    throw new ImportRefused(
      `the ledger is not empty: the import of another file, of ${size} events, has not ended (SHA-256 ${sha256})`,
    )
}

const appendAll = async (
  store: EventStore,
  open: () => AsyncIterable<Uint8Array>,
  importing: Importing,
): Promise<Readonly<{ resumedAt: number; appended: number; read: ReadExport }>> => {
  const appender = openAppender(store, importing.atOnce)
  const present = entriesOf(store)
  const events = readExport(open(), importing)
  let resumedAt = 0
  let isBehind = true
  for (;;) {
    const next = await events.next()
    if (next.done === true) {
      if (isBehind && (await present.next()).done !== true)
        throw new ImportRefused(`the ledger holds more than the ${resumedAt} events of the file`)
      return { resumedAt, appended: await appender.end(), read: next.value }
    }
    const there = isBehind ? await present.next() : undefined
    if (there === undefined || there.done === true) {
      isBehind = false
      await appender.take(next.value)
      continue
    }
    if (!isSame(there.value, next.value))
      throw new ImportRefused(`event ${resumedAt} of the ledger is not the one of the file`)
    resumedAt += 1
  }
}

/**
 * Imports a file.
 * @param open reads the file from its beginning; called twice
 * @returns what was done and what the ledger that was read back holds; with a finding, the import has not ended, and nothing reads the ledger
 * @throws ExportFault: nothing was written, unless the file was changed meanwhile; ImportRefused; LedgerFault: given again, it goes on
 */
export const importLedger = async (
  store: EventStore,
  open: () => AsyncIterable<Uint8Array>,
  importing: Importing,
): Promise<Imported> => {
  const { log, decode, onStep, onProgress, known = [] } = importing
  onStep?.('file')
  const checked = await checkExport(open(), importing)
  const mark = markOf(checked)
  await requirePlace(store, mark)
  await beginImport(store, mark)
  onStep?.('append')
  const { resumedAt, appended, read } = await appendAll(store, open, importing)
  if (read.sha256 !== mark.sha256) throw new ExportFault('the file was changed while it was imported')
  onStep?.('readBack')
  const verified = await verifyLedger(store.readAll(), {
    ...{ log, decode, known: [...known, checked.head] },
    onProgress: (size) => onProgress?.(size, mark.size),
  })
  if (verified.found === 0) await endImport(store, mark)
  return { ...checked, resumedAt, appended, verified }
}
