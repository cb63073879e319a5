// The ledger as JSON lines: what an auditor takes away, sealed as it is stored.
import { leafHash, leafRecord } from './leaf.ts'
import type { Entry } from './ledger.ts'

/**
 * One line an entry, without its end: `{ idx, stream, revision, id, type, body, leafHash }`.
 * @param entries the whole ledger in order, so that `idx` is the rank of the leaf
 */
export const exportLedger = async function* (
  entries: AsyncIterable<Entry>,
  log: string,
): AsyncGenerator<string> {
  let idx = 0
  for await (const entry of entries) {
    const { stream, revision, id, type, body } = entry
    const hash = leafHash(leafRecord(log, entry)).toString('hex')
    yield JSON.stringify({ idx, stream, revision, id, type, body, leafHash: hash })
    idx += 1
  }
}
