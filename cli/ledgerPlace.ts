// Where an event stands in the ledger, for a report: its place and its leaf, by which an auditor finds it (proofs.md 1.1).
import { leafHash, leafRecord } from '../ledger/leaf.ts'
import type { Ledger } from '../ledger/ledger.ts'

export type LedgerPlace = Readonly<{
  type: string
  stream: string
  revision: number
  /** From 0 on, among all events. */
  rank: number
  at: string
  id: string
  /** RFC 6962 2.1, in hex. */
  leafSha256: string
}>

/** The newest event of a type on a stream. @throws Error where there is none */
export const placeOf = async (
  ledger: Pick<Ledger, 'entries'>,
  log: string,
  [stream, type]: readonly [string, string],
): Promise<LedgerPlace> => {
  let rank = 0
  let found: LedgerPlace | undefined
  for await (const entry of ledger.entries()) {
    if (entry.stream === stream && entry.type === type) {
      const { revision, id, body } = entry
      const leafSha256 = leafHash(leafRecord(log, entry)).toString('hex')
      found = { type, stream, revision, rank, at: body.at, id, leafSha256 }
    }
    rank += 1
  }
  if (found === undefined) throw new Error(`there is no ${type} on ${stream}`)
  return found
}

/** As rows of a report in French. */
export const placeRows = ({ type, stream, revision, rank, at, id, leafSha256 }: LedgerPlace) => [
  ['Événement', type],
  ['Flux et révision', `${stream} @ ${revision}`],
  ['Rang au registre', String(rank)],
  ['Enregistré le', at],
  ['Identifiant', id],
  ['Feuille (SHA-256)', leafSha256],
]
