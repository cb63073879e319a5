// The event store on an EventStoreDB cluster. eventstoredb.md is the specification, of the server and of the client's
// hazards; ledger/eventstoredb/ has one file for each concern.
import { randomUUID } from 'node:crypto'
import { openAppend } from './eventstoredb/append.ts'
import { openConnection } from './eventstoredb/connection.ts'
import { openGate } from './eventstoredb/gate.ts'
import { first, openReader } from './eventstoredb/read.ts'
import { openRemover } from './eventstoredb/remove.ts'
import { defaultLimits, type Limits } from './eventstoredb/retry.ts'
import { openSubscriber } from './eventstoredb/subscribe.ts'
import { allTrack, streamTrack } from './eventstoredb/tracks.ts'
import type { EventStore, StreamMetadata } from './store.ts'

export type EventStoreDbOptions = Readonly<{ connectionString: string }> & Partial<Limits>

// The server allows 100 streams on a connection, and the call after that waits in silence. Together these stay below, so
// that reads and subscriptions never hold up a write.
const writesAtOnce = 32
const readsAtOnce = 32
const subscriptionsAtOnce = 32

const metadataBytes = (metadata: StreamMetadata): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      ...(metadata.maxCount !== undefined && { $maxCount: metadata.maxCount }),
      ...(metadata.truncateBefore !== undefined && { $tb: metadata.truncateBefore }),
    }),
    'utf8',
  )

/**
 * Opens the store and asks it for one event, so that a wrong address is known at once.
 * @throws LedgerFault when the store is out of reach; Error when the connection string does not parse
 */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<EventStore> => {
  const { connectionString, ...given } = options
  const limits: Limits = { ...defaultLimits, ...given }
  const connection = openConnection(connectionString)
  const writes = openGate(writesAtOnce)
  const reader = openReader(connection, openGate(readsAtOnce), limits)
  const append = openAppend(connection, writes, reader, limits)
  const remover = openRemover(connection, writes, limits)
  const subscriber = openSubscriber(connection, openGate(subscriptionsAtOnce), limits)

  const close = async (): Promise<void> => {
    await subscriber.close()
    connection.close()
  }

  try {
    await first(reader.readAll({ direction: 'backwards', limit: 1 }))
  } catch (error) {
    await close()
    throw error
  }

  return {
    append,
    readStream: reader.readStream,
    readAll: reader.readAll,
    subscribeToAll: (asked = {}) => subscriber.subscribe(allTrack(reader, asked)),
    subscribeToStream: (stream, asked = {}) => subscriber.subscribe(streamTrack(reader, stream, asked)),
    ...remover,
    setStreamMetadata: async (stream, metadata) => {
      const event = { id: randomUUID(), type: '$metadata', json: true, data: metadataBytes(metadata) }
      await append(`$$${stream}`, [event], 'any')
    },
    close,
  }
}
