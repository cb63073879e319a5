// A process of its own that appends to a ledger, three events at a time, and says what was acknowledged, until it is killed.
import { createHash, randomUUID } from 'node:crypto'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { type Expected, type Proposed, StreamNotFound } from '../../ledger/store.ts'

const store = await openEmbeddedStore({ path: process.argv[2] ?? '' })

const lastRevision = async (stream: string): Promise<Expected> => {
  try {
    for await (const { revision } of store.readStream(stream, { direction: 'backwards', limit: 1 }))
      return revision
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return 'no_stream'
}

/** Whoever reads it can tell whether it is whole. */
const event = (octets: number): Proposed => {
  const data = Buffer.alloc(octets, randomUUID())
  const metadata = createHash('sha256').update(data).digest()
  return { id: randomUUID(), type: 'Noted', json: false, data, metadata }
}

const write = async (writer: number): Promise<void> => {
  const stream = `s${writer}`
  let expected = await lastRevision(stream)
  for (let i = 0; ; i += 1) {
    const events = [i % 100, 1500, 20_000].map(event)
    const { revision, position } = await store.append(stream, events, expected)
    expected = revision
    const ids = events.map(({ id }) => id).join()
    // Synchronous: what is not written when the process dies was never said.
    process.stdout.write(`${stream} ${revision} ${position?.commit.toString() ?? ''} ${ids}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(write))
