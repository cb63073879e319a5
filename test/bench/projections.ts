import { CompiledQuery, sql, type Kysely } from 'kysely'
import pg from 'pg'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { readModels } from '../../projections/readModels.ts'
import { createRunner } from '../../projections/runner.ts'
import { openDatabase, type OpenDatabase } from '../../readmodels/database.ts'
import type { Database } from '../../readmodels/schema.ts'
import { speedOf, takeTurns, type Asked, type Bench, type Comparison } from './bench.ts'
import { inDirectory } from './directory.ts'
import { fill, openLives, sealing } from './lives.ts'

const blind = (kind: string, word: string): string =>
  createHash('sha256').update(`${kind}|${word}`).digest('hex')

type Rows = Readonly<{ table: string; rows: readonly Readonly<Record<string, unknown>>[] }>

const projections = readModels(blind)
const tables = projections.flatMap((projection) => projection.tables)

const readTables = (db: Kysely<Database>): Promise<readonly Rows[]> =>
  Promise.all(
    tables.map(async (table) => ({ table, rows: await db.selectFrom(table).selectAll().execute() })),
  )

/** Rows of one statement: as few parameters as every version takes. */
const together = 500

const insertOf = ({ table, rows }: Rows, from: number): CompiledQuery => {
  const some = rows.slice(from, from + together)
  const names = Object.keys(some[0] ?? {})
  const values = some.map((_, i) => `(${names.map((_, j) => `$${i * names.length + j + 1}`).join(',')})`)
  return CompiledQuery.raw(
    `insert into ${table} (${names.join(',')}) values ${values.join(',')}`,
    some.flatMap((row) => names.map((name) => row[name])),
  )
}

/** The rows that the read models came to, written by somebody who knows them already. */
const insertAll = (db: Kysely<Database>, all: readonly Rows[]): Promise<void> =>
  db.transaction().execute(async (tx) => {
    for (const one of all)
      for (let from = 0; from < one.rows.length; from += together) await tx.executeQuery(insertOf(one, from))
  })

const empty = async (db: Kysely<Database>): Promise<void> => {
  for (const table of tables) await sql`truncate table ${sql.table(table)}`.execute(db)
}

type Compared = Readonly<{ comparison: Comparison; rows: number }>

const compare = async (
  { db }: OpenDatabase,
  { ledger, size, what }: Readonly<{ ledger: Ledger; size: number; what: string }>,
  asked: Asked,
): Promise<Compared> => {
  const runner = createRunner({ ledger, db, projections, now: () => '2026-03-02T09:00:00Z' })
  await runner.rebuild('all')
  const rows = await readTables(db)
  const { ours, baseline } = await takeTurns(
    {
      ours: () => speedOf(size, () => runner.rebuild('all')),
      baseline: async () => {
        await empty(db)
        return speedOf(size, () => insertAll(db, rows))
      },
    },
    asked,
  )
  const against = 'bare inserts of the same rows, 500 a statement'
  return {
    comparison: { what, unit: 'events/s', against, ours, baseline },
    rows: rows.reduce((sum, one) => sum + one.rows.length, 0),
  }
}

/** A database of its own on the server, for as long as `act` lasts. */
const onServer = async <T>(url: string, act: (database: OpenDatabase) => Promise<T>): Promise<T> => {
  const name = `bench_${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
    const own = new URL(url)
    own.pathname = `/${name}`
    const database = await openDatabase({ url: own.href })
    try {
      return await act(database)
    } finally {
      await database.close()
      await client.query(`drop database ${name}`)
    }
  } finally {
    await client.end()
  }
}

const embedded = async <T>(directory: string, act: (database: OpenDatabase) => Promise<T>): Promise<T> => {
  const database = await openDatabase({ directory })
  try {
    return await act(database)
  } finally {
    await database.close()
  }
}

export const projectionsBench: Bench = {
  name: 'projections',
  about: 'every read model rebuilt from the ledger, on PGlite and on the PostgreSQL of TEST_POSTGRES_URL',
  run: async (asked) =>
    inDirectory(async (path) => {
      const store = await openEmbeddedStore({ path: join(path, 'ledger') })
      try {
        const size = await fill(store, await openLives(), asked.quick ? 3000 : 30_000)
        const ledger = createLedger({ ...sealing(), store, now: () => new Date() })
        const measured = [
          await embedded(join(path, 'readmodels'), (database) =>
            compare(database, { ledger, size, what: 'PGlite' }, asked),
          ),
        ]
        const url = process.env['TEST_POSTGRES_URL']
        if (url !== undefined)
          measured.push(
            await onServer(url, (database) => compare(database, { ledger, size, what: 'PostgreSQL' }, asked)),
          )
        return {
          comparisons: measured.map(({ comparison }) => comparison),
          notes: [
            `${size} events become ${measured[0]?.rows ?? 0} rows`,
            ...(url === undefined ? ['PostgreSQL was left out: TEST_POSTGRES_URL is not set'] : []),
          ],
        }
      } finally {
        await store.close()
      }
    }),
}
