// Sessions, attempts to sign in, access tokens, and what may be used once: shared by every process of the API. No event makes
// these rows and no rebuild touches them; losing them loses no fact: whoever was signed in signs in again. A row is found by
// the digest of a secret that its owner holds, and what it says is sealed under that secret (api/signIn/tickets.ts).
import { sql, type Kysely } from 'kysely'

/** Instants are the ledger's strings. */
export type TicketRow = Readonly<{
  digest: string
  kind: string
  sealed: string
  since: string
  /** When it was last used, to the minute. */
  seen: string
  until: string
}>

/** Puts a ticket in, and forgets what has lapsed at `since`. */
export const putTicket = async <T>(db: Kysely<T>, row: TicketRow): Promise<void> => {
  const { digest, kind, sealed, since, seen, until } = row
  await sql`delete from sign_in_ticket where until <= ${since}`.execute(db)
  await sql`insert into sign_in_ticket (digest, kind, sealed, since, seen, until)
    values (${digest}, ${kind}, ${sealed}, ${since}, ${seen}, ${until})`.execute(db)
}

/** The ticket, also one that has lapsed and is not forgotten yet. */
export const findTicket = async <T>(
  db: Kysely<T>,
  digest: string,
  kind: string,
): Promise<TicketRow | undefined> => {
  const { rows } = await sql<TicketRow>`select digest, kind, sealed, since, seen, until from sign_in_ticket
    where digest = ${digest} and kind = ${kind}`.execute(db)
  return rows[0]
}

/** Takes a ticket out: of two who do so at once, one gets it. */
export const takeTicket = async <T>(
  db: Kysely<T>,
  digest: string,
  kind: string,
): Promise<TicketRow | undefined> => {
  const { rows } = await sql<TicketRow>`delete from sign_in_ticket where digest = ${digest} and kind = ${kind}
    returning digest, kind, sealed, since, seen, until`.execute(db)
  return rows[0]
}

/** Notes that a ticket was used. */
export const touchTicket = async <T>(db: Kysely<T>, digest: string, seen: string): Promise<void> => {
  await sql`update sign_in_ticket set seen = ${seen} where digest = ${digest}`.execute(db)
}

/** Takes what may be used once before `until`: true for the first, false for everybody else until then. */
export const claimOnce = async <T>(
  db: Kysely<T>,
  { digest, at, until }: Readonly<{ digest: string; at: string; until: string }>,
): Promise<boolean> => {
  const { rows } = await sql`insert into sign_in_ticket (digest, kind, sealed, since, seen, until)
    values (${digest}, 'once', '', ${at}, ${at}, ${until})
    on conflict (digest) do update set since = excluded.since, seen = excluded.seen, until = excluded.until
      where sign_in_ticket.until <= ${at}
    returning digest`.execute(db)
  return rows.length > 0
}
