// Ledger and read models of an installation that has no servers: in its data directory.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireRoom } from '../host/room.ts'
import { makePrivateDirectory } from '../hsm/durable.ts'
import { openEmbeddedStore } from '../ledger/embedded.ts'
import type { EventStore } from '../ledger/store.ts'
import type { OpenDatabase } from '../readmodels/database.ts'

/** A part of the data directory, closed to everybody else before anything is put into it. */
const privatePart = async (dataDir: string, name: string): Promise<string> => {
  const path = join(dataDir, name)
  await makePrivateDirectory(path)
  return path
}

/** What PGlite makes of an empty directory, forty as measured, and the first rows. */
const readModelsMegabytes = 64

/** @throws LedgerFault, also where there is no room for a write */
export const openEmbeddedLedger = async (
  dataDir: string,
  { clock, readOnly }: Readonly<{ clock: () => Date; readOnly: boolean }>,
): Promise<EventStore> => {
  const path = readOnly ? join(dataDir, 'ledger') : await privatePart(dataDir, 'ledger')
  return openEmbeddedStore({ path, readOnly, clock })
}

/** @throws Error with the code ENOSPC where there is no room for those that are yet to be made */
export const openEmbeddedReadModels = async (dataDir: string, asItStands: boolean): Promise<OpenDatabase> => {
  const { openDatabase } = await import('../readmodels/database.ts')
  const directory = await privatePart(dataDir, 'readmodels')
  if (!existsSync(join(directory, 'PG_VERSION')))
    requireRoom(directory, 'the read models', readModelsMegabytes)
  return openDatabase({ directory, asItStands })
}
