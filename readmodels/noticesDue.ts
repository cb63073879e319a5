// Who is to be told and has not been: lists in pages, each beginning after the last row of the page before. What has been
// planned is in no list any more, so a pass that was cut short begins anew and finds the rest.
import { sql, type Kysely } from 'kysely'
import type { NoticeKind } from '../domain/notice.ts'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

export type Page = Readonly<{ after: string | undefined; limit: number }>

/** No notice of this kind and milestone has been planned for the stream of `column`. */
const untold = (kind: NoticeKind, milestone: string, column: string) => sql<boolean>`not exists (
  select 1 from notice_recipient r
  where r.kind = ${kind} and r.milestone = ${milestone} and r.stream = ${sql.raw(column)})`

const ofHolder = `'request-' || c.request`

/** Certificates of holders that have been revoked and whose holder has not been told (CGU-77), whatever the cause. */
export const revocationsDue = async (
  db: Db,
  { after, limit }: Page,
): Promise<readonly { serial: string; request: string; revokedAt: string }[]> => {
  const { rows } = await sql<{ serial: string; request: string; revokedAt: string }>`
    select c.serial, c.request, c.revoked_at as "revokedAt" from certificate_status c
    where c.revoked_rank is not null and c.profile = 'encryption' and c.request is not null
      and c.serial > ${after ?? ''}
      and not exists (select 1 from notice_recipient r
        where r.kind = 'revocation' and r.milestone = c.serial and r.role = 'holder')
    order by c.serial limit ${limit}`.execute(db)
  return rows
}

export type HolderDue = Readonly<{ serial: string; request: string }>

/** Accepted certificates that are neither revoked nor expired. */
const inForce = (now: string) =>
  sql`c.status = 'accepted' and c.profile = 'encryption' and c.not_after > ${now}`

/**
 * Holders whose certificate ends within the window, who have an agent card and have not asked for a renewal (CGU-54).
 * @param window the end of validity lies after `from` and not after `to`
 */
export const expiriesDue = async (
  db: Db,
  { milestone, from, to }: Readonly<{ milestone: string; from: string; to: string }>,
  { after, limit }: Page,
): Promise<readonly HolderDue[]> => {
  const { rows } = await sql<HolderDue>`
    select c.serial, c.request from certificate_status c
    join notice_request q on q.request = c.request
    where ${inForce(from)} and c.not_after <= ${to} and q.card_kind <> 'temporary'
      and not exists (select 1 from notice_request p where p.previous = c.serial and not p.ended)
      and ${untold('expiry', milestone, ofHolder)}
      and c.serial > ${after ?? ''}
    order by c.serial limit ${limit}`.execute(db)
  return rows
}

/** Holders of a certificate in force who have neither accepted nor been told of a version (CGU-19). */
export const cguUpdatesDue = async (
  db: Db,
  { version, now }: Readonly<{ version: string; now: string }>,
  { after, limit }: Page,
): Promise<readonly HolderDue[]> => {
  const { rows } = await sql<HolderDue>`
    select c.serial, c.request from certificate_status c
    where ${inForce(now)}
      and not exists (select 1 from cgu_acceptance a
        where a.request = c.request and a.version = ${version} and a.accepted_rank is not null)
      and ${untold('cguUpdate', version, ofHolder)}
      and c.serial > ${after ?? ''}
    order by c.serial limit ${limit}`.execute(db)
  return rows
}

/** Mandates of an entity that are in force on a day, oldest first. */
export const mandatesOf = async (db: Db, entity: string, day: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('notice_party')
    .select('stream')
    .where('entity', '=', entity)
    .where('role', '=', 'mc')
    .where('in_force', '=', true)
    .where('from_on', '<=', day)
    .where('until_on', '>=', day)
    .orderBy('rank')
    .execute()
  return rows.map(({ stream }) => stream)
}

/** Recoveries on request that were delivered, and of which nobody has been told. */
export const recoveriesDue = async (
  db: Db,
  { after, limit }: Page,
): Promise<readonly { recovery: string; serial: string; request: string }[]> => {
  const { rows } = await sql<{ recovery: string; serial: string; request: string }>`
    select v.recovery, v.serial, c.request from notice_recovery v
    join certificate_status c on c.serial = v.serial
    where v.delivered_rank is not null and c.request is not null and v.recovery > ${after ?? ''}
      and not exists (select 1 from notice_recipient r
        where r.kind = 'keyRecovery' and r.milestone = v.recovery)
    order by v.recovery limit ${limit}`.execute(db)
  return rows
}

/** The certificate of a request that its holder has accepted. */
export const certificateOfRequest = async (
  db: Db,
  request: string,
): Promise<Readonly<{ serial: string; notAfter: string }> | undefined> => {
  const row = await db
    .selectFrom('certificate_status')
    .select(['serial', 'not_after'])
    .where('request', '=', request)
    .where('accepted_rank', 'is not', null)
    .orderBy('accepted_rank', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { serial: row.serial, notAfter: row.not_after }
}

/** The certificate whose key a recovery was about. */
export const serialOfRecovery = async (db: Db, recovery: string): Promise<string | undefined> => {
  const row = await db
    .selectFrom('notice_recovery')
    .select('serial')
    .where('recovery', '=', recovery)
    .executeTakeFirst()
  return row?.serial
}
