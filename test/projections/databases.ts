// Databases of the tests' own, and what stands in them.
import { randomUUID } from 'node:crypto'
import { sql, type Kysely } from 'kysely'
import pg from 'pg'
import type { Projection } from '../../projections/projection.ts'
import { openDatabase, type OpenDatabase } from '../../readmodels/database.ts'
import type { Database } from '../../readmodels/schema.ts'

const onServer = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A new database of the server that the tests have; closed, it is gone. */
const openPrivate = async (): Promise<OpenDatabase> => {
  const server = process.env['TEST_POSTGRES_URL']
  if (server === undefined) throw new Error('TEST_POSTGRES_URL is not set: `npm test` brings a server up')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const { db, close } = await openDatabase({ url: url.href })
  return {
    db,
    close: async () => {
      await close()
      await onServer(server, `drop database ${name} with (force)`)
    },
  }
}

/** Both databases that the read models stand in. */
export const databases: readonly (readonly [string, () => Promise<OpenDatabase>])[] = [
  ['PGlite', () => openDatabase({ memory: true })],
  ['PostgreSQL', openPrivate],
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
