// The ledger as a file of lines (exportFormat.ts), sealed as it is stored: for a backup, and for an auditor.
import { isSystem } from './body.ts'
import { openExaminer, type Examining } from './examine.ts'
import { eventLine, ExportFault, headerLine, noteOf, openDigest } from './exportFormat.ts'
import type { ExportHead, ExportHeader, HeadSignature } from './exportFormat.ts'
import { openRightEdge } from './merkle.ts'
import { comparePositions, type EventStore, type Position, type RecordedEvent } from './store.ts'

export type Exporting = Examining &
  Pick<ExportHeader, 'policy' | 'release'> &
  Readonly<{
    /** Signs the note of the head; without it the file has no signature. */
    sign?: (note: string) => Promise<HeadSignature>
    /** Told the head before the closing line is written. */
    onHead?: (head: ExportHead) => void
    onProgress?: (done: number, size: number) => void
  }>

/** The events of the ledger as it stands now, the store's own left out: what comes later is of the next export. */
const openSnapshot = async (store: Pick<EventStore, 'readAll'>) => {
  let last: Position | undefined
  for await (const record of store.readAll({ direction: 'backwards' })) {
    if (isSystem(record)) continue
    last = record.position
    break
  }
  return async function* (): AsyncGenerator<RecordedEvent> {
    if (last === undefined) return
    for await (const record of store.readAll()) {
      if (!isSystem(record)) yield record
      if (comparePositions(record.position, last) >= 0) return
    }
  }
}

/**
 * The lines, without their ends. The ledger is read twice, for its size stands at the head of the file; memory does not grow but for
 * 60 octets an event.
 * @throws ExportFault on the first event that is not as it was written, named by its rank: `ledger verify` finds all of them
 */
export const exportLedger = async function* (
  store: Pick<EventStore, 'readAll'>,
  exporting: Exporting,
): AsyncGenerator<string> {
  const { log, policy, release, sign, onHead, onProgress } = exporting
  const snapshot = await openSnapshot(store)
  let size = 0
  for await (const _ of snapshot()) size += 1
  const digest = openDigest()
  const withDigest = (line: string): string => {
    digest.line(line)
    return line
  }
  yield withDigest(headerLine({ log, policy, release, size }))
  const examine = openExaminer(exporting)
  const tree = openRightEdge()
  const attempt = (record: RecordedEvent): ReturnType<typeof examine> => {
    try {
      return examine(record)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ExportFault(`event ${tree.size()} of the ledger: ${why}`, { cause: error })
    }
  }
  for await (const record of snapshot()) {
    const { entry, leaf } = attempt(record)
    const created = record.created.toISOString()
    yield withDigest(eventLine({ idx: tree.size(), entry, created, leafHash: leaf.toString('hex') }))
    tree.append(leaf)
    onProgress?.(tree.size(), size)
  }
  const bare = { size: tree.size(), root: tree.root().toString('hex') }
  if (bare.size !== size) throw new ExportFault(`the ledger held ${size} events, and then ${bare.size}`)
  const head = sign === undefined ? bare : { ...bare, signature: await sign(noteOf(log, bare)) }
  onHead?.(head)
  yield digest.closing(head)
}
