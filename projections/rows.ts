// Rows are written many at a time: a statement costs more than a row, and one JSON parameter holds any number of them.
import { sql, type Transaction } from 'kysely'
import type { Database, Tables } from '../readmodels/schema.ts'

/** Inserts whole rows; every column must be given. */
export const insertRows = async <T extends keyof Tables>(
  tx: Transaction<Database>,
  table: T,
  rows: readonly Tables[T][],
): Promise<void> => {
  if (rows.length === 0) return
  await sql`insert into ${sql.table(table)}
    select * from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json)`.execute(
    tx,
  )
}

const replaced = (columns: readonly string[]) =>
  columns.length === 0
    ? sql`nothing`
    : sql`update set ${sql.join(columns.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`))}`

/** As `insertRows`, but a row of the same key is replaced. */
export const upsertRows = async <T extends keyof Tables>(
  tx: Transaction<Database>,
  table: T,
  key: readonly (keyof Tables[T] & string)[],
  rows: readonly Tables[T][],
): Promise<void> => {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first).filter((column) => !(key as readonly string[]).includes(column))
  await sql`insert into ${sql.table(table)}
    select * from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json)
    on conflict (${sql.join(key.map((column) => sql.ref(column)))}) do ${replaced(columns)}`.execute(tx)
}

/** `column in (…)` with one parameter, however long the list. */
export const isAnyOf = (column: string, values: readonly string[]) =>
  sql<boolean>`${sql.ref(column)} = any(${values}::text[])`
