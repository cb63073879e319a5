import { createHash } from 'node:crypto'

/** SHA-256 in lower-case hex, as records and the ledger have digests. Text is UTF-8. */
export const sha256 = (octets: Uint8Array | string): string =>
  createHash('sha256').update(octets).digest('hex')
