// The leaf of an event (proofs.md 1.1): digests, not data, so that it outlives every destruction of what it proves.
import { createHash } from 'node:crypto'
import { canonical } from './canonical.ts'
import type { Entry } from './ledger.ts'

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** The bytes of the leaf and nothing else: no store position, no `created`, no upcast. @throws NotCanonical */
export const leafRecord = (
  log: string,
  { stream, revision, id, type, body }: Omit<Entry, 'position'>,
): string => {
  const { v, at, pub, sealed } = body
  const seal = Object.fromEntries(
    Object.entries(sealed).map(([field, { k, c, ct }]) => [
      field,
      { c, e: sha256(Buffer.from(ct, 'base64')), k },
    ]),
  )
  return canonical({ v, log, stream, rev: revision, id, type, at, pub: sha256(canonical(pub)), seal })
}

const leafPrefix = Buffer.of(0)

/** RFC 6962 2.1: SHA-256 of 0x00 and the leaf record. */
export const leafHash = (record: string | Uint8Array): Buffer =>
  createHash('sha256').update(leafPrefix).update(record).digest()
