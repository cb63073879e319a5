// The databases that the read models stand in, and what stands in them.
import { sql, type Kysely } from 'kysely'
import type { Projection } from '../../projections/projection.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import type { Database } from '../../readmodels/schema.ts'
import { openOnServer } from '../support/database.ts'
import { openCopy } from '../support/embeddedDatabase.ts'

/** Both databases that the read models stand in. */
export const databases: readonly (readonly [string, () => Promise<OpenDatabase>])[] = [
  ['PGlite', openCopy],
  ['PostgreSQL', openOnServer],
]

/** Rows by table or view, in an order of their own. */
export type Dump = Readonly<Record<string, readonly string[]>>

const rowsOf = async (db: Kysely<Database>, table: string): Promise<readonly string[]> => {
  const { rows } = await sql`select * from ${sql.table(table)}`.execute(db)
  return rows.map((row) => JSON.stringify(row)).sort()
}

/** Every row of these projections: their tables, the views of them, and how far they have come. */
export const dump = async (
  db: Kysely<Database>,
  projections: readonly Projection[],
  more: readonly string[] = ['crl_entry', 'ocsp_answer', 'projection_checkpoint'],
): Promise<Dump> => {
  const dumped: Record<string, readonly string[]> = {}
  for (const table of [...projections.flatMap(({ tables }) => tables), ...more])
    dumped[table] = await rowsOf(db, table)
  return dumped
}
