// What the HTTP API asks of the read models: lists by keyset, never by offset, so that a page costs the same wherever it is.
import { sql, type Kysely } from 'kysely'
import type { CrlRow, Database, HistoryRow, OcspAnswerRow, StatusRow } from './schema.ts'

type Db = Kysely<Database>

export const certificateBySerial = async (db: Db, serial: string): Promise<StatusRow | undefined> =>
  db.selectFrom('certificate_status').selectAll().where('serial', '=', serial).executeTakeFirst()

export type CertificateFilter = Readonly<{
  serial?: string
  person?: string
  status?: StatusRow['status']
  /** Every one of these terms must be a term of the certificate's request. */
  terms?: readonly string[]
  /** Rows after this rank, newest plan first. */
  before?: number
  limit: number
}>

/** Certificates of holders, newest first. */
export const findCertificates = async (db: Db, filter: CertificateFilter): Promise<readonly StatusRow[]> => {
  const { serial, person, status, terms = [], before, limit } = filter
  let query = db.selectFrom('certificate_status').selectAll().where('profile', '=', 'encryption')
  if (serial !== undefined) query = query.where('serial', '=', serial)
  if (person !== undefined) query = query.where('person', '=', person)
  if (status !== undefined) query = query.where('status', '=', status)
  if (before !== undefined) query = query.where('planned_rank', '<', before)
  if (terms.length > 0)
    query = query.where(sql<boolean>`request in (
      select r.request from search_request r join search_term t on t.rank = r.rank
      where t.term = any(${[...new Set(terms)]}::text[])
      group by r.request having count(distinct t.term) = ${new Set(terms).size})`)
  return query.orderBy('planned_rank', 'desc').limit(limit).execute()
}

/** Requests of a person, oldest first. */
export const requestsOf = async (db: Db, person: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('search_request')
    .select('request')
    .where('person', '=', person)
    .orderBy('rank')
    .execute()
  return rows.map(({ request }) => request)
}

export type HistoryFilter = Readonly<{ stream?: string; concerns?: string; after?: number; limit: number }>

/** Events of a stream, or of what they concern (`<kind>:<id>`), in ledger order. */
export const findHistory = async (db: Db, filter: HistoryFilter): Promise<readonly HistoryRow[]> => {
  const { stream, concerns, after, limit } = filter
  let query = db.selectFrom('history').selectAll()
  if (stream !== undefined) query = query.where('stream', '=', stream)
  if (concerns !== undefined) query = query.where(sql<boolean>`concerns @> ${[concerns]}::text[]`)
  if (after !== undefined) query = query.where('rank', '>', after)
  return query.orderBy('rank').limit(limit).execute()
}

/** The newest CRL of an issuer that was issued. */
export const latestCrl = async (db: Db, issuer: string): Promise<CrlRow | undefined> =>
  db
    .selectFrom('crl')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('status', '=', 'issued')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()

/** What a CRL lists whose plan was made when the ledger held `size` entries, in order of serial. */
export const crlEntriesUpTo = async (
  db: Db,
  issuer: string,
  size: number,
): Promise<readonly { serial: string; revokedAt: string }[]> => {
  const rows = await db
    .selectFrom('crl_entry')
    .select(['serial', 'revoked_at'])
    .where('issuer', '=', issuer)
    .where('rank', '<', size)
    .orderBy('serial')
    .execute()
  return rows.map(({ serial, revoked_at: revokedAt }) => ({ serial, revokedAt }))
}

/** What the responder may say of a serial; undefined: never issued. */
export const ocspAnswer = async (
  db: Db,
  issuer: string,
  serial: string,
): Promise<OcspAnswerRow | undefined> =>
  db
    .selectFrom('ocsp_answer')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('serial', '=', serial)
    .executeTakeFirst()

const milestones = [
  ['revoked', 'revoked_at'],
  ['abandoned', 'abandoned_at'],
  ['refused', 'refused_at'],
  ['accepted', 'accepted_at'],
  ['issued', 'issued_at'],
  ['planned', 'planned_at'],
] as const

/** What a certificate had become at an instant; undefined before it was planned. */
export const statusAt = (row: StatusRow, at: string): StatusRow['status'] | undefined =>
  milestones.find(([, field]) => (row[field] ?? '~') <= at)?.[0]
