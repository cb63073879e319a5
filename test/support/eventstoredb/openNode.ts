import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedStore } from '../../../ledger/embedded.ts'
import type { EventStore } from '../../../ledger/store.ts'
import { type Loopback, openLoopback } from './loopback.ts'

export type OwnNode = Loopback &
  Readonly<{
    /** Restarts, and keeps a copy of the log as it is now. */
    backUp: () => Promise<void>
    /**
     * Restarts on the copy: what was written since is gone, and its positions are given to what `meanwhile` writes before
     * the node is reachable again.
     */
    truncateTail: (meanwhile?: (store: EventStore) => Promise<unknown>) => Promise<void>
  }>

/** A loopback node with a log of its own in a temporary directory, both gone after `close`. */
export const openNode = async (): Promise<OwnNode> => {
  const directory = await mkdtemp(join(tmpdir(), 'eventstoredb-'))
  const path = join(directory, 'log')
  const copy = join(directory, 'copy')
  const openStore = (): Promise<EventStore> => openEmbeddedStore({ path })
  const node = await openLoopback(openStore)
  const replace = async (from: string, to: string): Promise<void> => {
    await rm(to, { recursive: true, force: true })
    await cp(from, to, { recursive: true })
  }
  return {
    ...node,
    backUp: () => node.restart(() => replace(path, copy)),
    truncateTail: (meanwhile) =>
      node.restart(async () => {
        await replace(copy, path)
        const store = await openStore()
        await meanwhile?.(store)
        await store.close()
      }),
    close: async () => {
      await node.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
