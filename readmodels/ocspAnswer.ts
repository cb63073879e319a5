// What the responder may say.
import { sql, type Kysely } from 'kysely'
import type { Database, OcspAnswerRow } from './schema.ts'
import { walkSerials } from './serialWalk.ts'

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

/** Serials that the responder speaks of, and whose certificates are not at the end of their validity `at` that instant. In order, so many at most. */
export const standingSerials = (
  db: Kysely<Database>,
  issuer: string,
  { at, most }: Readonly<{ at: string; most: number }>,
): AsyncGenerator<string> =>
  walkSerials(
    (after, size) =>
      db
        .selectFrom('ocsp_answer as answer')
        .innerJoin('certificate_status as row', (on) =>
          on.onRef('row.issuer', '=', 'answer.issuer').onRef('row.serial', '=', 'answer.serial'),
        )
        .select('answer.serial')
        .where('answer.issuer', '=', issuer)
        .where('answer.serial', '>', after)
        .where('row.not_after', '>', at)
        .orderBy('answer.serial')
        .limit(size)
        .execute(),
    { most, pageSize: 500 },
  )
