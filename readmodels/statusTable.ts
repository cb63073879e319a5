// The status table as it stood: what an auditor compares, and what each CRL's event holds the digest of (proofs.md 3).
import type { Kysely } from 'kysely'
import type { Database, StatusRow } from './schema.ts'

/** One certificate's status at a size of the ledger. */
export type StatusEntry = Readonly<{
  issuer: string
  serial: string
  profile: StatusRow['profile']
  status: StatusRow['status']
  spkiSha256: string
  notBefore: string
  notAfter: string
  certSha256?: string
  revokedAt?: string
}>

const milestones = [
  ['revoked', 'revoked_rank'],
  ['abandoned', 'abandoned_rank'],
  ['refused', 'refused_rank'],
  ['accepted', 'accepted_rank'],
  ['issued', 'issued_rank'],
  ['planned', 'planned_rank'],
] as const

/** A row as it was when the ledger held `size` entries; undefined where there was none yet. */
export const entryAt = (row: StatusRow, size: number): StatusEntry | undefined => {
  const status = milestones.find(([, field]) => (row[field] ?? size) < size)?.[0]
  if (status === undefined) return undefined
  const wasIssued = (row.issued_rank ?? size) < size
  return {
    issuer: row.issuer,
    serial: row.serial,
    profile: row.profile,
    status,
    spkiSha256: row.spki_sha256,
    notBefore: row.not_before,
    notAfter: row.not_after,
    ...(wasIssued && row.cert_sha256 !== null ? { certSha256: row.cert_sha256 } : {}),
    ...(status === 'revoked' && row.revoked_at !== null ? { revokedAt: row.revoked_at } : {}),
  }
}

const pageSize = 5000

/** The table at a size of the ledger, in order of issuer and serial, a page at a time. */
export const statusTableAt = async function* (
  db: Kysely<Database>,
  size: number,
): AsyncGenerator<StatusEntry> {
  let after: Pick<StatusRow, 'issuer' | 'serial'> | undefined
  for (;;) {
    let query = db.selectFrom('certificate_status').selectAll().where('planned_rank', '<', size)
    if (after !== undefined) {
      const { issuer, serial } = after
      query = query.where((eb) => eb(eb.refTuple('issuer', 'serial'), '>', eb.tuple(issuer, serial)))
    }
    const rows = await query.orderBy('issuer').orderBy('serial').limit(pageSize).execute()
    for (const row of rows) {
      const entry = entryAt(row, size)
      if (entry !== undefined) yield entry
    }
    after = rows.at(-1)
    if (rows.length < pageSize) return
  }
}
