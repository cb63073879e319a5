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
