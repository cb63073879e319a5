// The schema `vault` in PostgreSQL: its tables, and how they came to be.
import { Migrator, sql, type Kysely, type Migration } from 'kysely'
import type { KekState, KeyState } from '../pki/custody.ts'
import { KeyFault } from './keyFault.ts'

export type KeyTable = Readonly<{
  spki_sha256: string
  spki: Buffer
  kek: string
  blob: Buffer
  octets: number | null
  generated_at: string
  tested_at: string | null
  tested_mac: string | null
  state: KeyState
  serial: string | null
  person: string | null
  blob_sha256: string | null
  kept_tested_at: string | null
  kept_from: string | null
  kept_until: string | null
  record_mac: string | null
}>
/** `nth`: the order in which they were made. */
export type WithOrder = KeyTable & Readonly<{ nth: number }>
type KekTable = Readonly<{ kek: string; state: KekState }>
type PlaceTable = Readonly<
  { single: boolean; id: string } & Record<'purged_to' | 'stock_count', string | null>
>
export type VaultDatabase = Readonly<{ escrowed_key: WithOrder; escrow_kek: KekTable; place: PlaceTable }>

const m001: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`
      create table vault.escrowed_key (
        nth bigint generated always as identity,
        spki_sha256 text primary key,
        spki bytea not null,
        kek text not null,
        blob bytea not null,
        octets integer,
        generated_at text not null,
        tested_at text,
        tested_mac text,
        state text not null check (state in ('stock', 'reserved', 'kept', 'discarded')),
        serial text unique,
        person text,
        blob_sha256 text,
        kept_tested_at text,
        kept_from text,
        kept_until text,
        record_mac text,
        check ((state in ('reserved', 'kept')) = (serial is not null)),
        check ((state = 'kept') = (record_mac is not null)))`.execute(db)
    await sql`create index escrowed_key_kek on vault.escrowed_key (kek)`.execute(db)
    await sql`create table vault.escrow_kek (kek text primary key, state text not null)`.execute(db)
    await sql`create table vault.place (single boolean primary key check (single), id text not null, purged_to text)`.execute(
      db,
    )
  },
}

const m002: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`alter table vault.place add column stock_count text`.execute(db)
  },
}

const m003: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`create index escrowed_key_stock on vault.escrowed_key (nth) where state = 'stock'`.execute(db)
  },
}

/** What is not kept, the stock with it: few rows beside those that are. */
const m004: Migration = {
  up: async (db: Kysely<unknown>) => {
    await sql`create index escrowed_key_unkept on vault.escrowed_key (nth) where state <> 'kept'`.execute(db)
    await sql`drop index vault.escrowed_key_stock`.execute(db)
  },
}

/** @throws KeyFault */
export const migrate = async (db: Kysely<VaultDatabase>): Promise<void> => {
  const provider = { getMigrations: async () => ({ m001, m002, m003, m004 }) }
  const { error } = await new Migrator({ db, provider, migrationTableSchema: 'vault' }).migrateToLatest()
  if (error !== undefined) throw new KeyFault('the schema of the vault cannot be made', { cause: error })
}
