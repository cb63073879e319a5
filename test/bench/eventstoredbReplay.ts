import { EventStoreDBClient } from '@eventstore/db-client'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { replayStatus } from '../../projections/replay.ts'
import { takeTurns, type Bench } from './bench.ts'
import { inDirectory } from './directory.ts'
import { fill, openLives, sealing } from './lives.ts'
import { everything, whole } from './replay.ts'

export type Server = Readonly<{ connectionString: string; stop: () => Promise<void> }>

/** A loopback node over the ledger in `path`, in a process of its own. */
export const serve = async (path: string): Promise<Server> => {
  const program = join(import.meta.dirname, 'serveForever.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const line = once(child.stdout, 'data').then(([data]) => String(data))
  const connectionString = await Promise.race([line, ended.then(() => undefined)])
  if (connectionString === undefined) throw new Error('the server did not start')
  return {
    connectionString: connectionString.trim(),
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const count = async (events: AsyncIterable<unknown>): Promise<number> => {
  let read = 0
  for await (const _ of events) read += 1
  return read
}

const compare = async (
  { connectionString }: Server,
  size: number,
  asked: Parameters<Bench['run']>[0],
): Promise<Awaited<ReturnType<Bench['run']>>['comparisons']> => {
  const store = await openEventStoreDb({ connectionString })
  const client = EventStoreDBClient.connectionString(connectionString)
  const ledger = createLedger({ ...sealing(), store, now: () => new Date() })
  const { adapter, status, baseline } = await takeTurns(
    {
      adapter: () => whole(size, () => count(store.readAll())),
      status: () => whole(size, async () => (await replayStatus(ledger, everything)).size),
      baseline: () => whole(size, () => count(client.readAll())),
    },
    asked,
  )
  await store.close()
  await client.dispose()
  const against = "the client's own readAll"
  const required = { ratio: 0.8 }
  return [
    { what: 'readAll of the adapter', unit: 'events/s', against, ours: adapter, baseline, required },
    { what: 'replayStatus over it', unit: 'events/s', against, ours: status, baseline, required },
  ]
}

export const eventstoredbReplay: Bench = {
  name: 'eventstoredb-replay',
  about: 'the whole ledger through the EventStoreDB adapter, from a node in another process',
  run: async (asked) =>
    inDirectory(async (path) => {
      const store = await openEmbeddedStore({ path })
      const size = await fill(store, await openLives(), asked.quick ? 5000 : 50_000)
      await store.close()
      const server = await serve(path)
      try {
        return {
          comparisons: await compare(server, size, asked),
          notes: [
            `${size} events; the client parses every JSON body, as replayStatus has to; the adapter does not`,
          ],
        }
      } finally {
        await server.stop()
      }
    }),
}
