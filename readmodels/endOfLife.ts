// What the end of an authority is about: its certificates as counted at a size of the ledger, and who is to be told.
import { sql, type Kysely } from 'kysely'
import { appointment, type Appointment } from '../domain/appointment.ts'
import type { Aggregate } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

/** Certificates of an issuer, as they were when the ledger held `upTo` entries. */
export const countCertificates = async (
  db: Db,
  issuer: string,
  { upTo, at }: Readonly<{ upTo: number; at: string }>,
) => {
  const issued = sql`issued_rank < ${upTo}`
  const revoked = sql`coalesce(revoked_rank < ${upTo}, false)`
  const abandoned = sql`coalesce(abandoned_rank < ${upTo}, false)`
  const count = (condition: ReturnType<typeof sql>) =>
    sql<number>`(count(*) filter (where ${condition}))::bigint`
  const found = await db
    .selectFrom('certificate_status')
    .select([
      count(issued).as('issued'),
      count(sql`${issued} and ${revoked}`).as('revoked'),
      count(sql`${issued} and not ${revoked} and not_after < ${at}`).as('expired'),
      count(abandoned).as('abandoned'),
      count(sql`planned_rank < ${upTo} and not coalesce(${issued}, false) and not ${abandoned}`).as(
        'planned',
      ),
    ])
    .where('issuer', '=', issuer)
    .executeTakeFirstOrThrow()
  return { upTo, ...found }
}

/** Serials that are still valid, holders' before the responders' that answer for them. */
export const validCertificates = async (
  db: Db,
  issuer: string,
  { at, limit }: Readonly<{ at: string; limit: number }>,
): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('certificate_status')
    .select('serial')
    .where('issuer', '=', issuer)
    .where('issued_rank', 'is not', null)
    .where('revoked_rank', 'is', null)
    .where('not_after', '>=', at)
    .orderBy(sql`profile = 'ocspResponder'`)
    .orderBy('serial')
    .limit(limit)
    .execute()
  return rows.map(({ serial }) => serial)
}

/** Every serial that was issued before a size of the ledger, in their order, a page at a time. */
export const issuedSerials = async function* (db: Db, issuer: string, upTo: number): AsyncGenerator<string> {
  const pageSize = 5000
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('certificate_status')
      .select('serial')
      .where('issuer', '=', issuer)
      .where('issued_rank', '<', upTo)
      .where('serial', '>', after)
      .orderBy('serial')
      .limit(pageSize)
      .execute()
    for (const { serial } of rows) yield serial
    after = rows.at(-1)?.serial ?? ''
    if (rows.length < pageSize) return
  }
}

/** The last list's number where it has been issued, else the number of the next. */
export const lastCrlNumber = async (db: Db, issuer: string): Promise<number> => {
  const newest = await db
    .selectFrom('crl')
    .select(['number', 'last'])
    .where('issuer', '=', issuer)
    .where('status', '=', 'issued')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (newest === undefined) return 1
  return newest.last ? newest.number : newest.number + 1
}

/** Streams that one event has opened and no other has closed. */
const standing = async (db: Db, begins: string, ends: string): Promise<readonly string[]> => {
  const { rows } = await sql<{ stream: string }>`select begun.stream from history begun
    where begun.type = ${begins} and not exists (
      select 1 from history ended where ended.stream = begun.stream and ended.type = ${ends})
    order by begun.rank`.execute(db)
  return rows.map(({ stream }) => stream)
}

const told = async (db: Db, streams: readonly string[]): Promise<number> => {
  if (streams.length === 0) return 0
  const { count } = await db
    .selectFrom('termination_notice')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(sql<boolean>`recipient = any(${streams}::text[])`)
    .executeTakeFirstOrThrow()
  return count
}

/** Holders' certificates that are valid: all of them, and those that no notice names, neither by serial nor by request. */
const holders = async (db: Db, issuer: string, at: string) =>
  db
    .selectFrom('certificate_status')
    .select([
      sql<number>`count(*)::bigint`.as('all'),
      sql<number>`(count(*) filter (where not exists (
        select 1 from termination_notice n
        where n.recipient in ('certificate-' || serial, 'request-' || request))))::bigint`.as('untold'),
    ])
    .where('issuer', '=', issuer)
    .where('profile', '=', 'encryption')
    .where('issued_rank', 'is not', null)
    .where('revoked_rank', 'is', null)
    .where('not_after', '>=', at)
    .executeTakeFirstOrThrow()

const isMandate = (state: Appointment, at: string): boolean =>
  state.status === 'inForce' && state.role === 'mc' && state.untilOn >= dayOf(at)

type Load = <S, E>(aggregate: Aggregate<S, E>, id: string) => Promise<Readonly<{ state: S }>>

/** CGU-81, CGU-84: every holder, certification agent and entity, and how many of them nobody has planned to tell. */
export const audienceOf = async (
  db: Db,
  load: Load,
  { issuer, at }: Readonly<{ issuer: string; at: string }>,
) => {
  const entities = await standing(db, 'EntityVerified', 'EntityClosed')
  const mandates: string[] = []
  for (const stream of await standing(db, 'AppointmentAccepted', 'AppointmentEnded'))
    if (isMandate((await load(appointment, stream.slice(stream.indexOf('-') + 1))).state, at))
      mandates.push(stream)
  const { all, untold } = await holders(db, issuer, at)
  const others = [...mandates, ...entities]
  return {
    ...{ holders: all, mandates: mandates.length, entities: entities.length },
    untold: untold + others.length - (await told(db, others)),
  }
}

/** The newest event of each type on some streams: its rank, and when it was recorded. */
export const momentsOf = async (
  db: Db,
  streams: readonly string[],
): Promise<ReadonlyMap<string, Readonly<{ rank: number; at: string }>>> => {
  const rows = await db
    .selectFrom('history')
    .select(['type', 'rank', 'at'])
    .where(sql<boolean>`stream = any(${streams}::text[])`)
    .orderBy('rank')
    .execute()
  return new Map(rows.map(({ type, rank, at }) => [type, { rank, at }]))
}
