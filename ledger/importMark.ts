// A ledger that is being imported says so itself, in a stream of the store's own kind of events, which is none of the ledger: until the
// import has ended, nobody may read a half of it for the whole, or write behind it.
import { v5 } from 'uuid'
import { LedgerFault, StreamNotFound, type EventStore, type Proposed } from './store.ts'

const stream = 'import-ledger'
const begun = '$ImportBegun'
const ended = '$ImportEnded'
const namespace = '5f3b1b0e-9d2c-4b64-8a0f-0d6d3c1c7a52'

/** Which file it is of, and how far it goes. */
export type ImportMark = Readonly<{ sha256: string; size: number; root: string }>
export type ImportState = Readonly<{ mark: ImportMark; ended: boolean }>

const eventOf = (type: string, mark: ImportMark): Proposed => ({
  id: v5(`${type}|${mark.sha256}`, namespace),
  type,
  json: true,
  data: Buffer.from(JSON.stringify(mark)),
})

/** What the store says of an import into it; undefined where there was none. @throws LedgerFault */
export const importOf = async (store: Pick<EventStore, 'readStream'>): Promise<ImportState | undefined> => {
  try {
    for await (const { type, data } of store.readStream(stream, { direction: 'backwards', limit: 1 }))
      return { mark: JSON.parse(Buffer.from(data).toString('utf8')) as ImportMark, ended: type === ended }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return undefined
}

/** @throws WrongExpectedVersion where another import has begun */
export const beginImport = async (store: EventStore, mark: ImportMark): Promise<void> => {
  await store.append(stream, [eventOf(begun, mark)], 'no_stream')
}

export const endImport = async (store: EventStore, mark: ImportMark): Promise<void> => {
  await store.append(stream, [eventOf(ended, mark)], 0)
}

/** @throws LedgerFault while an import into the store has not ended */
export const requireWhole = async (store: Pick<EventStore, 'readStream'>): Promise<void> => {
  const state = await importOf(store)
  if (state !== undefined && !state.ended)
    throw new LedgerFault(
      `an import of ${state.mark.size} events into this ledger has not ended: ` +
        'give `grand-livre ledger import` the same file again, and it goes on',
    )
}
