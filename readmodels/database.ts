// The database of the read models: PGlite in this process, or a PostgreSQL server. Both are reached through `pg` and
// kysely's own dialect, so there is one code path.
import { Kysely, Migrator, PostgresDialect } from 'kysely'
import { m001Tables } from './migrations/m001_tables.ts'
import { m002Idempotency } from './migrations/m002_idempotency.ts'
import { m003NewestFirst } from './migrations/m003_newest_first.ts'
import { m012Retention } from './migrations/m012_retention.ts'
import { m013CaRevocations } from './migrations/m013_ca_revocations.ts'
import { m014NoticeAttempts } from './migrations/m014_notice_attempts.ts'
import { m004Appointments } from './migrations/m004_appointments.ts'
import { m005Requests } from './migrations/m005_requests.ts'
import { m006Notices } from './migrations/m006_notices.ts'
import { m007Cards } from './migrations/m007_cards.ts'
import { m009Claims } from './migrations/m009_claims.ts'
import { m011Controls } from './migrations/m011_controls.ts'
import { m021SignInTickets } from './migrations/m021_sign_in_tickets.ts'
import { m022ListedByRank } from './migrations/m022_listed_by_rank.ts'
import { m023Rebuilding } from './migrations/m023_rebuilding.ts'
import { m008Renewals } from './migrations/m008_renewals.ts'
import { m020Processes } from './migrations/m020_processes.ts'
import { m015CheckpointEvent } from './migrations/m015_checkpoint_event.ts'
import type { Database } from './schema.ts'
import { openEmbedded, openServer } from '../host/postgres.ts'
import { DigestCursor } from '../host/postgresDigest.ts'

/** `url` of a PostgreSQL database, or `directory` of an embedded one, or `memory` for one that is gone on close. */
export type DatabaseOptions = Readonly<{
  url?: string
  directory?: string
  memory?: true
  /** Opens it as it stands: for a look, which changes no table. */
  asItStands?: boolean
  /** The server refuses every write of these connections. */
  readOnly?: boolean
}>

export type OpenDatabase = Readonly<{ db: Kysely<Database>; close: () => Promise<void> }>

const migratorOf = (db: Kysely<Database>): Migrator => {
  const provider = {
    getMigrations: async () => ({
      m001_tables: m001Tables,
      m002_idempotency: m002Idempotency,
      m003_newest_first: m003NewestFirst,
      m012_retention: m012Retention,
      m013_ca_revocations: m013CaRevocations,
      m014_notice_attempts: m014NoticeAttempts,
      m015_checkpoint_event: m015CheckpointEvent,
      m004_appointments: m004Appointments,
      m005_requests: m005Requests,
      m006_notices: m006Notices,
      m007_cards: m007Cards,
      m009_claims: m009Claims,
      m011_controls: m011Controls,
      m008_renewals: m008Renewals,
      m020_processes: m020Processes,
      m021_sign_in_tickets: m021SignInTickets,
      m022_listed_by_rank: m022ListedByRank,
      m023_rebuilding: m023Rebuilding,
    }),
  }
  // The escrow has tables of the same names in a schema of its own: without a schema, those would be taken for these.
  return new Migrator({ db, provider, migrationTableSchema: 'public' })
}

const migrate = async (db: Kysely<Database>): Promise<void> => {
  const { error } = await migratorOf(db).migrateToLatest()
  if (error instanceof Error) throw error
  if (error !== undefined) throw new Error('the migration of the read models failed', { cause: error })
}

/** Whether every table is there, and as this release has it. Changes nothing. */
export const isMigrated = async (db: Kysely<Database>): Promise<boolean> => {
  const migrations = await migratorOf(db).getMigrations()
  return migrations.every(({ executedAt }) => executedAt !== undefined)
}

/**
 * Opens the database and brings its tables up to date, unless it is only looked at.
 *
 * PGlite has one connection: inside `db.transaction()` use the transaction only, a query on `db` would wait for itself.
 * @throws Error when the server is out of reach or a migration fails
 */
export const openDatabase = async (options: DatabaseOptions): Promise<OpenDatabase> => {
  if (options.url === undefined && options.directory === undefined && options.memory !== true)
    throw new Error('a database needs a url, a directory, or memory')
  const { pool, close } =
    options.url === undefined
      ? await openEmbedded(options.directory)
      : openServer(options.url, options.readOnly === true ? '-c default_transaction_read_only=on' : undefined)
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool, cursor: DigestCursor }) })
  try {
    if (options.asItStands !== true) await migrate(db)
  } catch (error) {
    await close()
    throw error
  }
  return { db, close }
}
