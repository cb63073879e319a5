// Reads an exported ledger, and believes nothing of it: each line has to be written as the export writes it, each event has to have
// its place, its form and its leaf, and the closing line the count, the root and the digest of all that came before.
import { createHash, verify, type KeyObject } from 'node:crypto'
import { openExaminer, type Examining } from './examine.ts'
import { ExportFault, noteOf, openDigest, parseClosing, parseEvent, parseHeader } from './exportFormat.ts'
import type { ExportedEvent, ExportHead, ExportHeader } from './exportFormat.ts'
import { linesOf } from './exportLines.ts'
import { openRightEdge } from './merkle.ts'
import type { Position, RecordedEvent } from './store.ts'
import type { KnownHead } from './verify.ts'

export type ReadingExport = Examining &
  Readonly<{
    /** The public log key: then the head has to be signed by it. */
    logKey?: KeyObject
    /** Heads kept elsewhere, which the file has to meet. */
    known?: readonly KnownHead[]
    onProgress?: (done: number, size: number) => void
  }>

/** `sha256`: of the file up to its own digest, which is how one file is told from another. */
export type ReadExport = Readonly<{ header: ExportHeader; head: ExportHead; sha256: string }>

const nowhere: Position = { commit: 0n, prepare: 0n }

const recordOf = ({ entry, created }: ExportedEvent): RecordedEvent => ({
  ...{ id: entry.id, type: entry.type, stream: entry.stream, revision: entry.revision },
  ...{ position: nowhere, created: new Date(created), json: true },
  data: Buffer.from(JSON.stringify(entry.body)),
})

const isInstant = (text: string): boolean => {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString() === text
}

const requireSigned = (log: string, head: ExportHead, logKey: KeyObject): void => {
  const { signature } = head
  if (signature === undefined)
    throw new ExportFault('the head of the file is not signed, and a key was given')
  const spki = logKey.export({ type: 'spki', format: 'der' })
  if (signature.key !== createHash('sha256').update(spki).digest('hex'))
    throw new ExportFault('the head was signed by another key than the one given')
  const note = Buffer.from(noteOf(log, head))
  if (!verify('sha384', note, logKey, Buffer.from(signature.value, 'base64')))
    throw new ExportFault('the signature of the head is not one of the key over log, size and root')
}

/** Takes the lines one after the other. What it gives out has been checked. */
const openReader = (reading: ReadingExport) => {
  const { log, logKey, known = [] } = reading
  const digest = openDigest()
  const examine = openExaminer(reading)
  const tree = openRightEdge()
  let header: ExportHeader | undefined
  let result: ReadExport | undefined
  let line = 0

  const fault = (why: string): ExportFault => new ExportFault(`line ${line}: ${why}`)
  const meetKnown = (): void => {
    for (const { size, root } of known)
      if (size === tree.size() && root !== tree.root().toString('hex'))
        throw fault(`the tree of ${size} events is not the one whose root is known`)
  }
  const begin = (text: string): void => {
    header = parseHeader(text)
    if (header.log !== log)
      throw new ExportFault(`line 1: the file is of another log than ${log}, which is the one of the policy`)
    meetKnown()
  }
  const examined = (record: RecordedEvent): Buffer => {
    try {
      return examine(record).leaf
    } catch (error) {
      throw fault(error instanceof Error ? error.message : String(error))
    }
  }
  const event = (text: string, size: number): RecordedEvent => {
    const parsed = parseEvent(text)
    if (parsed === undefined)
      throw parseClosing(text) === undefined
        ? fault('this is not an event as an export writes it')
        : fault(`the file closes after ${tree.size()} of ${size} events`)
    const { idx, created, leafHash } = parsed
    if (idx !== tree.size()) throw fault(`event ${idx} stands where event ${tree.size()} has to`)
    if (!isInstant(created)) throw fault('created is not an instant')
    const record = recordOf(parsed)
    const leaf = examined(record)
    if (leaf.toString('hex') !== leafHash) throw fault('its leaf hash is not the one of its content')
    tree.append(leaf)
    meetKnown()
    return record
  }
  const close = (text: string, from: ExportHeader): void => {
    const head = parseClosing(text)
    if (head === undefined) throw fault('this is not the closing line')
    if (head.size !== tree.size()) throw fault(`it closes ${head.size} events, and there were ${tree.size()}`)
    if (head.root !== tree.root().toString('hex')) throw fault('its root is not the one of the events')
    const closing = digest.closing(head)
    if (closing !== text) throw fault('its SHA-256 is not the one of the file: something was changed')
    result = { header: from, head, sha256: closing.slice(-66, -2) }
  }

  return {
    /** @returns the event of the line, where it has one */
    take: (raw: Buffer): RecordedEvent | undefined => {
      line += 1
      const text = raw.toString('utf8')
      if (!raw.equals(Buffer.from(text))) throw fault('it is not UTF-8')
      if (result !== undefined) throw fault('something stands behind the closing line')
      let record: RecordedEvent | undefined
      if (header === undefined) begin(text)
      else if (tree.size() < header.size) record = event(text, header.size)
      else close(text, header)
      digest.line(raw)
      return record
    },
    end: (): ReadExport => {
      if (header === undefined) throw new ExportFault('the file is empty')
      if (result === undefined)
        throw new ExportFault(`the file ends after ${tree.size()} of ${header.size} events: it was cut off`)
      const longer = known.find(({ size }) => size > tree.size())
      if (longer !== undefined)
        throw new ExportFault(
          `the ledger has been known to hold ${longer.size} events, and the file has fewer`,
        )
      if (logKey !== undefined) requireSigned(log, result.head, logKey)
      return result
    },
    reached: (): readonly [number, number] => [tree.size(), header?.size ?? 0],
  }
}

/**
 * The events of the file, each one checked before it is given out; the result is the file's head, once every line was found right.
 * @throws ExportFault, with the line
 */
export const readExport = async function* (
  pieces: AsyncIterable<Uint8Array>,
  reading: ReadingExport,
): AsyncGenerator<RecordedEvent, ReadExport> {
  const reader = openReader(reading)
  for await (const raw of linesOf(pieces)) {
    const record = reader.take(raw)
    if (record === undefined) continue
    yield record
    reading.onProgress?.(...reader.reached())
  }
  return reader.end()
}

/** Reads all of it, for its head alone. @throws ExportFault */
export const checkExport = async (
  pieces: AsyncIterable<Uint8Array>,
  reading: ReadingExport,
): Promise<ReadExport> => {
  const events = readExport(pieces, reading)
  for (;;) {
    const { done, value } = await events.next()
    if (done === true) return value
  }
}
