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

/** What an empty ledger takes, with room for the first facts: later ones are refused one by one (LEDGER_UNAVAILABLE). */
const ledgerMegabytes = 8
/** What PGlite makes of an empty directory, forty as measured, and the first rows. */
const readModelsMegabytes = 64

/** @throws LedgerFault; Error with the code ENOSPC where there is no room for one that is yet to be made */
export const openEmbeddedLedger = async (
  dataDir: string,
  { clock, readOnly }: Readonly<{ clock: () => Date; readOnly: boolean }>,
): Promise<EventStore> => {
  if (readOnly) return openEmbeddedStore({ path: join(dataDir, 'ledger'), readOnly, clock })
  const path = await privatePart(dataDir, 'ledger')
  if (!existsSync(join(path, 'data.mdb'))) await requireRoom(path, 'a ledger', ledgerMegabytes)
  return openEmbeddedStore({ path, readOnly, clock })
}

/** @throws Error with the code ENOSPC where there is no room for those that are yet to be made */
export const openEmbeddedReadModels = async (dataDir: string, asItStands: boolean): Promise<OpenDatabase> => {
  const { openDatabase } = await import('../readmodels/database.ts')
  const directory = await privatePart(dataDir, 'readmodels')
  if (!existsSync(join(directory, 'PG_VERSION')))
    await requireRoom(directory, 'the read models', readModelsMegabytes)
  return openDatabase({ directory, asItStands })
}
