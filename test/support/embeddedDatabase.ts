// Embedded databases that are copies of one of the run: a database from nothing takes ten seconds of a processor, a copy next to nothing.
// The product makes its own in the demo, and wherever a test of test/cli names a data directory.
import { chmodSync, cpSync, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, type OpenDatabase } from '../../readmodels/database.ts'

const variable = 'GRAND_LIVRE_TEST_DATABASE'

/** Makes the database that the others are copied from, with the tables of the read models. @returns the variable that leads tests there */
export const makeEmbedded = async (directory: string): Promise<Readonly<Record<string, string>>> => {
  const { close } = await openDatabase({ directory })
  await close()
  return { [variable]: directory }
}

/** Gives a data directory read models without a row, where it has none. */
export const giveReadModels = (dataDir: string): void => {
  const [made, directory] = [process.env[variable], join(dataDir, 'readmodels')]
  if (made === undefined || existsSync(directory)) return
  cpSync(made, directory, { recursive: true })
  chmodSync(directory, 0o700)
}

/** @returns a copy of its own; no directory without `npm test` around it: such a database is in memory */
export const copyEmbedded = async (): Promise<
  Readonly<{ directory: string | undefined; remove: () => Promise<void> }>
> => {
  const made = process.env[variable]
  if (made === undefined) return { directory: undefined, remove: async () => undefined }
  const directory = await mkdtemp(join(tmpdir(), 'grand-livre-database-'))
  cpSync(made, directory, { recursive: true })
  return { directory, remove: () => rm(directory, { recursive: true }) }
}

/** An embedded database of its own; closed, it is gone. */
export const openCopy = async (): Promise<OpenDatabase> => {
  const { directory, remove } = await copyEmbedded()
  const { db, close } = await openDatabase(
    directory === undefined ? { memory: true } : { directory, asItStands: true },
  )
  return { db, close: () => close().then(remove) }
}
