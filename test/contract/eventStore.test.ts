// One contract, three stores: LMDB in this process, the EventStoreDB adapter on the loopback node, and the same adapter on
// the EventStoreDB that LEDGER_URL names.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { openNode } from '../support/eventstoredb/openNode.ts'
import { eventStoreClientContract } from './eventStoreClientContract.ts'
import { eventStoreContract } from './eventStoreContract.ts'
import type { Target } from './port/target.ts'

const openEmbedded = async (path: string): Promise<Target> => {
  const store = await openEmbeddedStore({ path })
  return {
    store,
    // A second writer is refused (test/ledger/embedded.test.ts).
    beside: store,
    restart: async () => {
      await store.close()
      return openEmbedded(path)
    },
    close: async () => {
      await store.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

const openConnected = async (connectionString: string): Promise<Target> => {
  const [store, beside] = [
    await openEventStoreDb({ connectionString }),
    await openEventStoreDb({ connectionString }),
  ]
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), beside.close()])
  }
  return {
    ...{ store, beside, close },
    restart: async () => {
      await close()
      return openConnected(connectionString)
    },
  }
}

const openLoopback = async (): Promise<Target> => {
  const node = await openNode()
  const connected = await openConnected(node.connectionString)
  const target: Target = {
    ...connected,
    // The node goes down under the adapter, which has to find its way back.
    restart: async () => {
      await node.restart()
      return target
    },
    scavenge: node.scavenge,
    close: async () => {
      await connected.close()
      await node.close()
    },
  }
  return target
}

eventStoreContract('embedded on LMDB', async () =>
  openEmbedded(await mkdtemp(join(tmpdir(), 'grand-livre-'))),
)

eventStoreContract('EventStoreDB adapter on the loopback node', openLoopback)

const url = process.env['LEDGER_URL']
describe.skipIf(url === undefined)('the EventStoreDB of LEDGER_URL (needs LEDGER_URL)', () => {
  eventStoreContract('its adapter', () => openConnected(url ?? ''))
  eventStoreClientContract('its client', async () => ({ connectionString: url ?? '' }))
})
