// One contract, three stores: LMDB in this process, the EventStoreDB adapter on the loopback node, and the same adapter on
// the EventStoreDB that LEDGER_URL names.
import { exec } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openEventStoreDb } from '../../ledger/eventstoredb.ts'
import { openNode } from '../support/eventstoredb/openNode.ts'
import { eventStoreClientContract } from './eventStoreClientContract.ts'
import { eventStoreContract } from './eventStoreContract.ts'
import { freshStream, idsIn, proposed, type Target } from './port/target.ts'

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

/** A server that is only just starting is waited for. */
const patient = { attempts: 120, retryDelayMs: 250, retryCapMs: 500 }

const openConnected = async (
  connectionString: string,
  restartServer: () => Promise<unknown> = async () => undefined,
): Promise<Target> => {
  const store = await openEventStoreDb({ connectionString, ...patient })
  const beside = await openEventStoreDb({ connectionString })
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), beside.close()])
  }
  return {
    ...{ store, beside, close },
    restart: async () => {
      await close()
      await restartServer()
      return openConnected(connectionString, restartServer)
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

// Of the server's cases, those that only it can settle are listed in eventStoreCases.test.ts. LEDGER_RESTART is a shell
// command that restarts it; without one, #21 finds only the client started anew.
const { LEDGER_URL: url = '', LEDGER_RESTART: restartCommand } = process.env
const restartServer = async (): Promise<void> => {
  if (restartCommand !== undefined) await promisify(exec)(restartCommand)
}

describe.skipIf(url === '')('the EventStoreDB of LEDGER_URL (needs LEDGER_URL)', () => {
  eventStoreContract('its adapter', () => openConnected(url, restartServer))
  eventStoreClientContract('its client', async () => ({ connectionString: url }))
})

it.skipIf(url === '' || restartCommand === undefined)(
  'eventstoredb #22: repeated without a revision after a restart, an event is written again (needs LEDGER_URL and LEDGER_RESTART)',
  async () => {
    const target = await openConnected(url, restartServer)
    const stream = freshStream()
    const one = proposed()
    expect(await target.store.append(stream, [one], 'any')).toMatchObject({ revision: 0 })
    const again = await target.restart()
    expect(await again.store.append(stream, [one], 'any')).toMatchObject({ revision: 1 })
    expect(await idsIn(again, stream)).toEqual([one.id, one.id])
    await again.close()
  },
)
