// What the responder may say.
import { sql, type Kysely } from 'kysely'
import type { Database, OcspAnswerRow } from './schema.ts'

/** What is to be said of each serial; one that is left out was never issued. */
export const ocspAnswers = async (
  db: Kysely<Database>,
  issuer: string,
  serials: readonly string[],
): Promise<ReadonlyMap<string, OcspAnswerRow>> => {
  const rows = await db
    .selectFrom('ocsp_answer')
    .selectAll()
    .where('issuer', '=', issuer)
    .where(sql<boolean>`serial = any(${[...serials]}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.serial, row]))
}

/** Serials that somebody may have to ask about: issued, and not at the end of their validity `at` that instant. In order, a page of them. */
export const standingSerials = async (
  db: Kysely<Database>,
  issuer: string,
  { at, after = '', size }: Readonly<{ at: string; after: string | undefined; size: number }>,
): Promise<readonly string[]> => {
  const rows = await db
    .selectFrom('certificate_status')
    .select('serial')
    .where('issuer', '=', issuer)
    .where('serial', '>', after)
    .where('not_after', '>', at)
    .where((row) => row.or([row('issued_rank', 'is not', null), row('maybe_signed', '=', true)]))
    .orderBy('serial')
    .limit(size)
    .execute()
  return rows.map(({ serial }) => serial)
}
