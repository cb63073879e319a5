// Certificates as people look for them. Lists go by keyset, never by offset: a page costs the same wherever it is.
import { sql, type Kysely } from 'kysely'
import type { Database, StatusRow } from './schema.ts'

type Db = Kysely<Database>

export const certificateBySerial = async (db: Db, serial: string): Promise<StatusRow | undefined> =>
  db.selectFrom('certificate_status').selectAll().where('serial', '=', serial).executeTakeFirst()

export type CertificateFilter = Readonly<{
  serial?: string
  person?: string
  request?: string
  status?: StatusRow['status']
  /** Every one of these terms must be a term of the certificate's request. */
  terms?: readonly string[]
  /** Rows after this rank, newest plan first. */
  before?: number
  limit: number
}>

/** Certificates of holders, newest first. */
export const findCertificates = async (db: Db, filter: CertificateFilter): Promise<readonly StatusRow[]> => {
  const { serial, person, request, status, terms = [], before, limit } = filter
  let query = db.selectFrom('certificate_status').selectAll().where('profile', '=', 'encryption')
  if (serial !== undefined) query = query.where('serial', '=', serial)
  if (person !== undefined) query = query.where('person', '=', person)
  if (request !== undefined) query = query.where('request', '=', request)
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

/** Serials of the certificates that a person accepted under his numbers, newest first: what a new card may have to hold (CGU-43). */
export const acceptedBy = async (db: Db, numbers: readonly string[]): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('certificate_status')
    .select('serial')
    .where('person', 'in', [...numbers])
    .where('profile', '=', 'encryption')
    .where('accepted_rank', 'is not', null)
    .orderBy('issued_rank', 'desc')
    .execute()
  return rows.map(({ serial }) => serial)
}

const milestones = [
  ['revoked', 'revoked_at'],
  ['abandoned', 'abandoned_at'],
  ['refused', 'refused_at'],
  ['accepted', 'accepted_at'],
  ['issued', 'issued_at'],
  ['planned', 'planned_at'],
] as const

/** CGU-110: what a certificate had become at an instant; undefined before it was planned. */
export const statusAt = (row: StatusRow, at: string): StatusRow['status'] | undefined =>
  milestones.find(([, field]) => (row[field] ?? '~') <= at)?.[0]
