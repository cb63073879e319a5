// A process of its own that appends to a ledger in a directory until its disk has no room, goes on asking, makes room, and appends once more.
// It says what became of each append, and at last what the ledger holds.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import type { EventStore } from '../../ledger/store.ts'

const directory = process.argv[2] ?? ''
const path = join(directory, 'log')
const other = join(directory, 'other')
const say = (line: string): void => void writeSync(1, `${line}\n`)

/** Several at once, as in a service: they share a commit. */
const atOnce = 3
const append = async (store: EventStore, round: string): Promise<void> => {
  const asked = Array.from({ length: atOnce }, (_, nth) => {
    const data = Buffer.alloc(20_000, round)
    return store.append(
      `${round}${nth}`,
      [{ id: randomUUID(), type: 'Noted', json: false, data }],
      'no_stream',
    )
  })
  const done = await Promise.allSettled(asked)
  for (const one of done)
    say(`${round} ${one.status === 'fulfilled' ? 'appended' : (one.reason as Error).name}`)
}

/** Somebody else takes what room there is. */
const fill = (): void => {
  const file = openSync(other, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch {
    closeSync(file)
  }
}

const held = async (store: EventStore): Promise<void> => {
  const rounds: string[] = []
  for await (const { data } of store.readAll()) rounds.push(String.fromCharCode(data[0] ?? 0))
  say(`held ${rounds.join('')}`)
}

const store = await openEmbeddedStore({ path })
await append(store, 'a')
fill()
await append(store, 'b')
await append(store, 'b')
await held(store)
rmSync(other)
await append(store, 'c')
fill()
await append(store, 'd')
await store.close()
const opened = await openEmbeddedStore({ path }).then(
  () => 'opened',
  (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
)
say(opened)
rmSync(other)
const again = await openEmbeddedStore({ path })
await append(again, 'e')
await held(again)
await again.close()
