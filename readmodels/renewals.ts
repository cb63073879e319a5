// Renewals of a certificate, and those that the program has not settled yet.
import { sql, type Kysely } from 'kysely'
import type { Database, RenewalRow } from './schema.ts'

type Db = Kysely<Database>

/** Every renewal that names this certificate, in the order of the ledger. */
export const renewalsOf = async (db: Db, previous: string): Promise<readonly RenewalRow[]> =>
  db.selectFrom('renewal').selectAll().where('previous', '=', previous).orderBy('rank').execute()

/** Open renewals that wait for the program: one of two that has to give way, or one that needs no officer. */
export const unsettledRenewals = async (db: Db): Promise<readonly RenewalRow[]> =>
  db
    .selectFrom('renewal')
    .selectAll()
    .where('status', '=', 'open')
    .where(
      sql<boolean>`(alone or exists (
        select 1 from renewal earlier where earlier.previous = renewal.previous and earlier.rank < renewal.rank))`,
    )
    .orderBy('rank')
    .execute()
