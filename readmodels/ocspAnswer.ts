// What the responder may say.
import type { Kysely } from 'kysely'
import type { Database, OcspAnswerRow } from './schema.ts'

/** What is to be said of a serial; undefined: it was never issued. */
export const ocspAnswer = async (
  db: Kysely<Database>,
  issuer: string,
  serial: string,
): Promise<OcspAnswerRow | undefined> =>
  db
    .selectFrom('ocsp_answer')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('serial', '=', serial)
    .executeTakeFirst()
