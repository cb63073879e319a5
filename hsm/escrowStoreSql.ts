// The rows of the escrow in PostgreSQL, in the schema `vault`: no read model, and never rebuilt or dropped. A commit is on the server's
// disk before anybody is told: `synchronous_commit` is set for each session, whatever the server's own default is.
import { Kysely, PostgresDialect, sql } from 'kysely'
import { openServer, type OpenPool } from '../host/postgres.ts'
import { migrate, type KeyTable, type VaultDatabase, type WithOrder } from './escrowSchema.ts'
import type { EscrowRow, EscrowStore, Held } from './escrowStore.ts'
import { KeyFault } from './keyFault.ts'

/** A field of a row that may be absent, out of a column that may be null. */
const present = <N extends string, T>(name: N, value: T | null): { [K in N]?: T } =>
  (value === null ? {} : { [name]: value }) as { [K in N]?: T }
const orNull = <T>(value: T | undefined): T | null => value ?? null
const text = (value: string | null): string => value ?? ''

const testedOf = ({ tested_at: at, tested_mac: mac }: KeyTable) =>
  at === null ? null : { at, mac: text(mac) }

const keptOf = (row: KeyTable): NonNullable<EscrowRow['kept']> | null =>
  row.record_mac === null
    ? null
    : {
        ...{ person: text(row.person), blobSha256: text(row.blob_sha256) },
        ...{ testedAt: text(row.kept_tested_at), from: text(row.kept_from), until: text(row.kept_until) },
        recordMac: row.record_mac,
      }

const rowOf = (row: KeyTable): EscrowRow => ({
  ...{ spkiSha256: row.spki_sha256, spki: row.spki, kek: row.kek, blob: row.blob },
  ...{ generatedAt: row.generated_at, state: row.state },
  ...{ ...present('octets', row.octets), ...present('serial', row.serial) },
  ...{ ...present('tested', testedOf(row)), ...present('kept', keptOf(row)) },
})

type Listed = Pick<KeyTable, 'spki_sha256' | 'state' | 'serial' | 'kek'>
const heldOf = ({ spki_sha256: spkiSha256, state, serial, kek }: Listed): Held => ({
  ...{ spkiSha256, state, kept: state === 'kept' },
  ...(state === 'kept' ? {} : { kek }),
  ...present('serial', serial),
})

const keptColumns = (kept: Partial<NonNullable<EscrowRow['kept']>> = {}) => ({
  ...{ person: orNull(kept.person), blob_sha256: orNull(kept.blobSha256) },
  ...{ kept_tested_at: orNull(kept.testedAt), kept_from: orNull(kept.from) },
  ...{ kept_until: orNull(kept.until), record_mac: orNull(kept.recordMac) },
})

const columnsOf = ({ kept, tested, ...row }: EscrowRow): KeyTable => ({
  ...{ spki_sha256: row.spkiSha256, spki: row.spki, kek: row.kek, blob: row.blob },
  ...{ octets: orNull(row.octets), generated_at: row.generatedAt, state: row.state },
  ...{ serial: orNull(row.serial), tested_at: orNull(tested?.at), tested_mac: orNull(tested?.mac) },
  ...keptColumns(kept),
})

/** SQLSTATE 23505: a key or a serial that another row has. */
const taken = (error: unknown): never => {
  if ((error as { code?: string }).code === '23505')
    throw new KeyFault('another row of the escrow has this key or this serial', { code: 'keyTaken' })
  throw new KeyFault('the vault was not written', { cause: error })
}

const page = 256

/** The data directory that rows belong to: `isNew` for as long as it does not know that they are there. */
export type EscrowPlace = Readonly<{ id: string; isNew?: boolean }>

/**
 * Opens the rows in the database of a pool, and makes the schema where there is none.
 * @throws KeyFault `otherStore` when they are another directory's
 */
export const openSqlEscrowStore = async (
  { pool, close }: OpenPool,
  { id, isNew = false }: EscrowPlace,
): Promise<EscrowStore> => {
  const db = new Kysely<VaultDatabase>({ dialect: new PostgresDialect({ pool }) }).withSchema('vault')
  const keys = () => db.selectFrom('escrowed_key')
  const listed = () => keys().select(['spki_sha256', 'state', 'serial', 'kek']).orderBy('nth')

  /** Of two directories that begin at once in one database one has it. */
  const requirePlace = async (): Promise<void> => {
    const own = { single: true, id, purged_to: null }
    if (isNew)
      await db
        .insertInto('place')
        .values(own)
        .onConflict((same) => same.doNothing())
        .execute()
    const found = await db.selectFrom('place').select('id').executeTakeFirst()
    if (found === undefined)
      throw new KeyFault('the escrow of this data directory is not in this database', { code: 'otherStore' })
    if (found.id !== id)
      throw new KeyFault('the escrow in this database is of another data directory', { code: 'otherStore' })
  }

  const replace: EscrowStore['replace'] = async (was, is) => {
    const before = columnsOf(was)
    const done = await db
      .updateTable('escrowed_key')
      .set(columnsOf(is))
      .where((eb) =>
        eb.and(
          // An index helps with these two; with `is not distinct from` it does not, and each key would cost a look at every row.
          Object.entries(before).map(([column, value]) =>
            eb(column as keyof KeyTable, value === null ? 'is' : '=', value as never),
          ),
        ),
      )
      .executeTakeFirst()
      .catch(taken)
    if (done.numUpdatedRows !== 1n)
      throw new KeyFault('the row of an escrowed key is not as it was read', { code: 'rowSwapped' })
  }

  try {
    await migrate(db)
    await requirePlace()
    return {
      byKey: async (spkiSha256) => {
        const row = await keys().selectAll().where('spki_sha256', '=', spkiSha256).executeTakeFirst()
        return row && rowOf(row)
      },
      bySerial: async (serial) => {
        const row = await keys().selectAll().where('serial', '=', serial).executeTakeFirst()
        return row && rowOf(row)
      },
      add: async (row) => {
        await db
          .insertInto('escrowed_key')
          .values(columnsOf(row) as WithOrder)
          .execute()
          .catch(taken)
      },
      replace,
      remove: async (spkiSha256) => {
        await db.deleteFrom('escrowed_key').where('spki_sha256', '=', spkiSha256).execute()
      },
      stock: async () => {
        const found = await keys().select('spki_sha256').where('state', '=', 'stock').orderBy('nth').execute()
        return found.map(({ spki_sha256: spkiSha256 }) => spkiSha256)
      },
      inventory: async () => (await listed().execute()).map(heldOf),
      unkept: async () => (await listed().where('state', '<>', 'kept').execute()).map(heldOf),
      statesOf: async (names) => {
        const among = keys().where('spki_sha256', '=', sql<string>`any(${names})`)
        const found = await among.select(['spki_sha256', 'state']).execute()
        return new Map(found.map(({ spki_sha256: name, state }) => [name, state]))
      },
      rows: async function* (first = '') {
        for (let last = first; ;) {
          const query = keys().selectAll().where('spki_sha256', '>', last).orderBy('spki_sha256')
          const found = await query.limit(page).execute()
          for (const row of found) yield rowOf(row)
          const end = found.at(-1)
          if (end === undefined) return
          last = end.spki_sha256
        }
      },
      countsByKek: async () => {
        const counted = keys().select(({ fn }) => ['kek', fn.countAll<number>().as('count')])
        const found = await counted.groupBy('kek').execute()
        return new Map(found.map(({ kek, count }) => [kek, count]))
      },
      keks: async () => {
        const found = await db.selectFrom('escrow_kek').selectAll().execute()
        return new Map(found.map(({ kek, state }) => [kek, state]))
      },
      setKek: async (kek, state) => {
        const row = db.insertInto('escrow_kek').values({ kek, state })
        await row.onConflict((at) => at.column('kek').doUpdateSet({ state })).execute()
      },
      purgedTo: async () =>
        (await db.selectFrom('place').select('purged_to').executeTakeFirst())?.purged_to ?? undefined,
      setPurgedTo: async (position) => {
        await db.updateTable('place').set({ purged_to: position }).execute()
      },
      stockCount: async () =>
        (await db.selectFrom('place').select('stock_count').executeTakeFirst())?.stock_count ?? undefined,
      setStockCount: async (count) => {
        await db.updateTable('place').set({ stock_count: count }).execute()
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The rows in the PostgreSQL of a connection string. @throws KeyFault, as `openSqlEscrowStore` */
export const openServerEscrowStore = (url: string, place: EscrowPlace): Promise<EscrowStore> =>
  openSqlEscrowStore(openServer(url, '-c synchronous_commit=on'), place)
