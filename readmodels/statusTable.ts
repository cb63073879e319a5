// The status table as it stood: what an auditor compares, and what each CRL's event holds the digest of (proofs.md 3).
import { sql, type Kysely, type RawBuilder } from 'kysely'
import { digestOfLines } from '../host/postgresDigest.ts'
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

/** A row as `entryAt` has it, as a line of canonical JSON (RFC 8785): hex, dates and words of closed lists have nothing to escape. */
const lineAt = (size: RawBuilder<number>): RawBuilder<string> => {
  const wasAt = milestones.map(([name, field]) => sql`when ${sql.ref(field)} < ${size} then ${sql.lit(name)}`)
  // What is null is left out, and the name of a member with it.
  return sql`concat('{',
    case when issued_rank < ${size} then '"certSha256":"' || cert_sha256 || '",' end,
    '"issuer":"', issuer, '","notAfter":"', not_after, '","notBefore":"', not_before, '","profile":"', profile, '",',
    case when revoked_rank < ${size} then '"revokedAt":"' || revoked_at || '",' end,
    '"serial":"', serial, '","spkiSha256":"', spki_sha256, '","status":"', case ${sql.join(wasAt, sql` `)} end, '"}')`
}

/**
 * The table at a size of the ledger, in order of issuer and serial, as lines of canonical JSON. The database writes them, since a table
 * may have a million rows, and each list waits for its digest.
 */
export const statusLinesAt = (size: number): RawBuilder<Readonly<{ line: string }>> => {
  const at = sql.lit(size)
  return sql`select ${lineAt(at)} as line from certificate_status where planned_rank < ${at} order by issuer, serial`
}

/** SHA-256 of these lines, each with a line feed behind it (proofs.md 3). */
export const statusDigestAt = (db: Kysely<Database>, size: number): Promise<string> =>
  digestOfLines(db, statusLinesAt(size))
