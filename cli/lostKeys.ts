// Keys that are gone beside what only a start with keys has made: others in their place would open nothing of it, and what they write would
// stand in the ledger beside what they cannot open.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { KeyFault } from '../hsm/keyFault.ts'

export const filesIn = (directory: string): number =>
  existsSync(directory) ? readdirSync(directory).length : 0

/** What there is in a data directory that came after its keys. */
export const besideKeys = (dataDir: string): string | undefined =>
  ['vault', 'ledger'].find((part) => filesIn(join(dataDir, part)) > 0)

export const lostKeys = (dataDir: string, beside: string): string =>
  `there is a ${beside} in ${dataDir}, but its keys are gone: restore ${join(dataDir, 'keys')} from a backup`

/** @throws KeyFault: nothing is made */
export const requireNoneLost = (dataDir: string): void => {
  const beside = filesIn(join(dataDir, 'keys')) > 0 ? undefined : besideKeys(dataDir)
  if (beside !== undefined) throw new KeyFault(lostKeys(dataDir, beside))
}
