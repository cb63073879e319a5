// SHA-256 of the status table at a size of the ledger: canonical JSON lines in order of issuer and serial (proofs.md 3). Each
// CRL's event holds it, so that a table that comes out differently in a later release is found.
import { createHash } from 'node:crypto'
import { canonical } from '../ledger/canonical.ts'
import type { StatusEntry } from '../readmodels/statusTable.ts'

/** @param entries in order of issuer and serial */
export const statusDigest = (entries: Iterable<StatusEntry>): string => {
  const hash = createHash('sha256')
  for (const entry of entries) hash.update(`${canonical(entry)}\n`)
  return hash.digest('hex')
}
