// CGU-84: « Informe tous les MC et/ou porteurs des certificats révoqués ou à révoquer, ainsi que leur entité de rattachement ».
// One list of who that is. Those of it whom no notice names are due (jobs/noticesDue.ts); those of it who have not been told
// hold up the end (jobs/endOfLife.ts).
import { sql, type Kysely } from 'kysely'
import type { HolderDue, Page } from './noticesDue.ts'
import type { Database } from './schema.ts'

type Db = Kysely<Database>

/** The authority that ends, and the instant at which is asked. */
export type Ending = Readonly<{ issuer: string; at: string }>

/** Every certificate of a holder that was issued and has not expired: accepted or not, revoked or not. */
const holders = ({ issuer, at }: Ending) => sql`(
  select serial, request, 'request-' || request as stream from certificate_status
  where issuer = ${issuer} and profile = 'encryption' and request is not null
    and issued_rank is not null and not_after >= ${at})`

/** Certification agents who may act on the day, and entities that are not closed. */
const parties = ({ at }: Ending) => sql`(
  select stream, role from notice_party
  where in_force and (role <> 'mc' or (from_on <= ${at.slice(0, 10)} and until_on >= ${at.slice(0, 10)})))`

/** No notice of the end names the stream `c.stream`. */
const unnamed = (issuer: string) => sql<boolean>`not exists (select 1 from notice_recipient r
  where r.kind = 'termination' and r.milestone = ${issuer} and r.stream = c.stream)`

/**
 * Nobody has told the stream `c.stream` of the end. « Informe tous »: a notice that has no address to go to, or came back, has
 * told nobody; whoever was told otherwise, or can be reached by nothing, is waived by an officer (commands/notices.ts).
 */
const untold = (issuer: string) => sql<boolean>`not exists (select 1 from notice_recipient r
  where r.kind = 'termination' and r.milestone = ${issuer} and r.stream = c.stream
    and r.delivery in ('sent', 'waived'))`

/** Holders whom no notice of the end names. */
export const terminationHoldersDue = async (
  db: Db,
  ending: Ending,
  { after, limit }: Page,
): Promise<readonly HolderDue[]> => {
  const { rows } = await sql<HolderDue>`
    select c.serial, c.request from ${holders(ending)} c
    where ${unnamed(ending.issuer)} and c.serial > ${after ?? ''}
    order by c.serial limit ${limit}`.execute(db)
  return rows
}

export type PartyDue = Readonly<{ stream: string; role: 'mc' | 'legalRepresentative' }>

/** Certification agents and entities whom no notice of the end names. */
export const terminationPartiesDue = async (
  db: Db,
  ending: Ending,
  { after, limit }: Page,
): Promise<readonly PartyDue[]> => {
  const { rows } = await sql<PartyDue>`
    select c.stream, c.role from ${parties(ending)} c
    where ${unnamed(ending.issuer)} and c.stream > ${after ?? ''}
    order by c.stream limit ${limit}`.execute(db)
  return rows
}

/** How many there are of each, and how many of them have not been told. */
export const audienceOf = async (
  db: Db,
  ending: Ending,
): Promise<Readonly<{ holders: number; mandates: number; entities: number; untold: number }>> => {
  const { rows } = await sql<{ holders: number; mandates: number; entities: number; untold: number }>`
    select
      (count(*) filter (where c.role = 'holder'))::bigint as holders,
      (count(*) filter (where c.role = 'mc'))::bigint as mandates,
      (count(*) filter (where c.role = 'legalRepresentative'))::bigint as entities,
      (count(*) filter (where ${untold(ending.issuer)}))::bigint as untold
    from (select stream, 'holder' as role from ${holders(ending)} h
      union all select stream, role from ${parties(ending)} p) c`.execute(db)
  return rows[0] ?? { holders: 0, mandates: 0, entities: 0, untold: 0 }
}
