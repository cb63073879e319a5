// The status table as it stood at an instant, from the ledger alone: no database, no key (proofs.md 3).
import { decodeAny } from '../domain/aggregates.ts'
import type { Env } from '../domain/event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StatusRow } from '../readmodels/schema.ts'
import { entryAt, type StatusEntry } from '../readmodels/statusTable.ts'
import { evolveStatus } from './certificateStatus.ts'

export type Replayed = Readonly<{
  /** Ledger entries recorded up to the instant. */
  size: number
  /** In order of issuer and serial. */
  entries: readonly StatusEntry[]
}>

const byOctets = (a: StatusEntry, b: StatusEntry): number =>
  compare(a.issuer, b.issuer) || compare(a.serial, b.serial)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Replays what had been recorded at an instant, itself included.
 * @param until instant, to the second or the millisecond
 * @param onProgress is told how many entries have been read
 */
export const replayStatus = async (
  ledger: Ledger,
  until: string,
  onProgress: (size: number) => void = () => undefined,
): Promise<Replayed> => {
  const last = until.length === 20 ? `${until.slice(0, 19)}.999Z` : until
  const rows = new Map<string, StatusRow>()
  let size = 0
  for await (const entry of ledger.entries()) {
    // What had been recorded is a prefix of the ledger: it ends where the first later entry stands.
    if (entry.body.at > last) break
    const { stream, revision, id, position, body } = entry
    if (stream.startsWith('certificate-')) {
      const env = body.pub['env'] as unknown as Env
      const at = { position, rank: size, stream, revision, id, at: body.at, env }
      const row = evolveStatus(rows.get(stream), decodeAny(stream, ledger.publicPart(entry)), at)
      if (row !== undefined) rows.set(stream, row)
    }
    size += 1
    onProgress(size)
  }
  const entries = [...rows.values()].map((row) => entryAt(row, size)).filter((row) => row !== undefined)
  return { size, entries: entries.sort(byOctets) }
}
