// CGU-107: what processes have answered that write nothing into the ledger themselves, until it is recorded there. No event makes these
// rows and no rebuild touches them.
import { sql, type Kysely } from 'kysely'

/** Hands a part over. Given again, nothing happens. @param part without personal data: counts, and the head of a tree */
export const putOcspPart = async <T>(db: Kysely<T>, key: string, part: unknown): Promise<void> => {
  await sql`
    insert into ocsp_part (key, part) values (${key}, ${JSON.stringify(part)}::jsonb)
    on conflict (key) do nothing`.execute(db)
}

/** What is to be recorded. */
export const ocspParts = async <T>(
  db: Kysely<T>,
): Promise<readonly Readonly<{ key: string; part: unknown }>[]> => {
  const { rows } = await sql<{
    key: string
    part: unknown
  }>`select key, part from ocsp_part order by key limit 1000`.execute(db)
  return rows
}

export const forgetOcspPart = async <T>(db: Kysely<T>, key: string): Promise<void> => {
  await sql`delete from ocsp_part where key = ${key}`.execute(db)
}
