import { open, type RootDatabase } from 'lmdb'
import { join } from 'node:path'
import { aggregateOf } from '../../domain/aggregates.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { placeKey } from '../../ledger/embedded/keys.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import type { EventStore } from '../../ledger/store.ts'
import { replayStatus } from '../../projections/replay.ts'
import { speedOf, takeTurns, type Bench, type Speed } from './bench.ts'
import { inDirectory } from './directory.ts'
import { fill, openLives, sealing } from './lives.ts'

/** After everything that a bench writes. */
export const everything = '9999-12-31T23:59:59Z'

/** Every stream of the ledger to its present state. @returns how many events that took */
const foldAll = async (ledger: Ledger): Promise<number> => {
  const states = new Map<string, unknown>()
  let count = 0
  for await (const entry of ledger.entries()) {
    const { stream } = entry
    const { initial, decode, evolve } = aggregateOf(stream)
    states.set(stream, evolve(states.get(stream) ?? initial, decode(ledger.publicPart(entry))))
    count += 1
  }
  return count
}

const openBare = (path: string): RootDatabase<Buffer, Buffer> =>
  open<Buffer, Buffer>({ path, noSubdir: false, cache: false, encoding: 'binary', keyEncoding: 'binary' })

const copyTo = async (bare: RootDatabase<Buffer, Buffer>, store: EventStore): Promise<number> => {
  let octets = 0
  for await (const { position, data } of store.readAll()) {
    octets += data.length
    void bare.put(placeKey(Number(position.commit)), Buffer.from(data))
  }
  await bare.flushed
  return octets
}

const parseAll = (bare: RootDatabase<Buffer, Buffer>): number => {
  let count = 0
  for (const { value } of bare.getRange()) if (JSON.parse(value.toString('utf8')) !== null) count += 1
  return count
}

/** @throws Error where a side did not read everything: its speed would be another thing's */
export const whole = async (size: number, read: () => number | Promise<number>): Promise<Speed> =>
  speedOf(size, async () => {
    const count = await read()
    if (count !== size) throw new Error(`${count} of ${size} events were read`)
  })

export const replay: Bench = {
  name: 'replay',
  about: 'the whole embedded ledger through decode and fold, and into the status table',
  run: async (asked) =>
    inDirectory(async (path) => {
      const store = await openEmbeddedStore({ path: join(path, 'ledger') })
      const bare = openBare(join(path, 'bare'))
      try {
        const size = await fill(store, await openLives(), asked.quick ? 10_000 : 200_000)
        const octets = await copyTo(bare, store)
        const ledger = createLedger({ ...sealing(), store, now: () => new Date() })
        const { fold, status, baseline } = await takeTurns(
          {
            fold: () => whole(size, () => foldAll(ledger)),
            status: () => whole(size, async () => (await replayStatus(ledger, everything)).size),
            baseline: () => whole(size, () => parseAll(bare)),
          },
          asked,
        )
        const against = 'bare LMDB getRange and JSON.parse'
        const required = { speed: 100_000 }
        return {
          comparisons: [
            { what: 'decode and fold', unit: 'events/s', against, ours: fold, baseline, required },
            { what: 'replayStatus', unit: 'events/s', against, ours: status, baseline, required },
          ],
          notes: [`${size} events, ${Math.round(octets / size)} octets each`],
        }
      } finally {
        await bare.close()
        await store.close()
      }
    }),
}
