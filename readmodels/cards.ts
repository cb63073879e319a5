// Cards as people look for them, and the sessions that are open at the desks.
import { sql, type Kysely } from 'kysely'
import { revokingCauses } from '../domain/policy/cards.ts'
import type { CardRow, Database, LiveSessionRow } from './schema.ts'

type Db = Kysely<Database>

export type CardFilter = Readonly<{
  status?: CardRow['status']
  kind?: CardRow['kind']
  person?: string
  /** Rows after this rank, newest first. */
  before?: number
  limit: number
}>

/** Cards, the newest in the register first. */
export const findCards = async (db: Db, filter: CardFilter): Promise<readonly CardRow[]> => {
  const { status, kind, person, before, limit } = filter
  let query = db.selectFrom('card').selectAll()
  if (status !== undefined) query = query.where('status', '=', status)
  if (kind !== undefined) query = query.where('kind', '=', kind)
  if (person !== undefined) query = query.where('person', '=', person)
  if (before !== undefined) query = query.where('rank', '<', before)
  return query.orderBy('rank', 'desc').limit(limit).execute()
}

/** The card that the register has last entered under a chip number. @param chip its keyed digest */
export const cardByChip = async (db: Db, chip: string): Promise<string | undefined> =>
  (
    await db
      .selectFrom('card')
      .select('id')
      .where('chip', '=', chip)
      .orderBy('rank', 'desc')
      .executeTakeFirst()
  )?.id

export type CardCount = Readonly<{ model: string; kind: string; status: string; count: number }>

/** How many cards there are, by model, kind and status. */
export const countCards = async (db: Db): Promise<readonly CardCount[]> =>
  db
    .selectFrom('card')
    .select(['model', 'kind', 'status', sql<number>`count(*)`.as('count')])
    .groupBy(['model', 'kind', 'status'])
    .orderBy('model')
    .orderBy('kind')
    .orderBy('status')
    .execute()

/** Cards that are lost, or scrapped for a cause that revokes, and bear a certificate that is still valid (CGU-99). */
export const cardsToRevoke = async (db: Db, at: string): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('card')
    .select('id')
    .where((eb) =>
      eb.or([
        eb('incident', 'in', ['lost', 'stolen']),
        eb.and([eb('status', '=', 'scrapped'), eb('scrap_cause', 'in', [...revokingCauses])]),
      ]),
    )
    .where(
      sql<boolean>`exists (
      select 1 from certificate_status s
      where s.serial = any(card.serials) and s.status in ('issued', 'accepted', 'refused') and s.not_after >= ${at}
    )`,
    )
    .orderBy('rank')
    .execute()
  return rows.map(({ id }) => id)
}

/** The session that was opened first of those that are open at a desk. */
export const firstAtDesk = async (db: Db, desk: string): Promise<LiveSessionRow | undefined> =>
  db.selectFrom('live_session').selectAll().where('desk', '=', desk).orderBy('rank').executeTakeFirst()

/** Requests whose session was opened at a desk where an earlier one was, and is, open. */
export const lateSessions = async (db: Db): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('live_session as late')
    .innerJoin('live_session as first', 'first.desk', 'late.desk')
    .whereRef('first.rank', '<', 'late.rank')
    .select('late.request')
    .distinct()
    .execute()
  return rows.map(({ request }) => request)
}
