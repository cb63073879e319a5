import { decodeAny } from '../../domain/aggregates.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { exportLedger } from '../../ledger/export.ts'
import { importLedger } from '../../ledger/importLedger.ts'
import type { EventStore, RecordedEvent } from '../../ledger/store.ts'
import { speedOf, takeTurns, type Bench, type Speed } from './bench.ts'
import { inDirectory } from './directory.ts'
import { serve } from './eventstoredbReplay.ts'
import { fill, log, openLives } from './lives.ts'

type Ledger = Readonly<{ events: readonly RecordedEvent[]; file: Buffer }>
type Act = (store: EventStore) => Promise<unknown>

const read = { log, decode: decodeAny }

const makeLedger = (count: number): Promise<Ledger> =>
  inDirectory(async (path) => {
    const store = await openEmbeddedStore({ path })
    await fill(store, await openLives(), count)
    const events: RecordedEvent[] = []
    for await (const event of store.readAll()) events.push({ ...event, data: Uint8Array.from(event.data) })
    const lines: string[] = []
    for await (const line of exportLedger(store, { ...read, policy: 1, release: 'bench' }))
      lines.push(`${line}\n`)
    await store.close()
    return { events, file: Buffer.from(lines.join('')) }
  })

const importing =
  ({ file }: Ledger, atOnce: number): Act =>
  (store) => {
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < file.length; at += 1_048_576) yield file.subarray(at, at + 1_048_576)
    }
    return importLedger(store, pieces, { ...read, atOnce })
  }

/** What a program would do that believes the file: an event an append, one after the other. */
const appending =
  ({ events }: Ledger): Act =>
  async (store) => {
    for (const { stream, revision, id, type, data, json } of events)
      await store.append(stream, [{ id, type, data, json }], revision === 0 ? 'no_stream' : revision - 1)
  }

const embedded = ({ events }: Ledger, act: Act): Promise<Speed> =>
  inDirectory(async (path) => {
    const store = await openEmbeddedStore({ path })
    const speed = await speedOf(events.length, () => act(store))
    await store.close()
    return speed
  })

const onServer = ({ events }: Ledger, act: Act): Promise<Speed> =>
  inDirectory(async (path) => {
    const { connectionString, stop } = await serve(path)
    try {
      const store = await openEventStoreDb({ connectionString })
      const speed = await speedOf(events.length, () => act(store))
      await store.close()
      return speed
    } finally {
      await stop()
    }
  })

export const restore: Bench = {
  name: 'restore',
  about: 'an exported ledger checked, imported and read back, into either adapter',
  run: async (asked) => {
    const ledger = await makeLedger(asked.quick ? 1000 : 10_000)
    const speeds = await takeTurns(
      {
        embedded: () => embedded(ledger, importing(ledger, 256)),
        embeddedBase: () => embedded(ledger, appending(ledger)),
        server: () => onServer(ledger, importing(ledger, 1)),
        serverBase: () => onServer(ledger, appending(ledger)),
      },
      asked,
    )
    const common = { unit: 'events/s', against: 'the events believed: one an append, one after the other' }
    return {
      comparisons: [
        { ...common, what: 'into the embedded store', ours: speeds.embedded, baseline: speeds.embeddedBase },
        { ...common, what: 'into EventStoreDB', ours: speeds.server, baseline: speeds.serverBase },
      ],
      notes: [`${ledger.events.length} events, a file of ${(ledger.file.length / 1e6).toFixed(1)} MB`],
    }
  },
}
