// Authorities that a root revokes (projections/caRevocations.ts): entries of its list beside those of certificates.
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table ca_revocation (
    issuer text collate "C" not null,
    serial text collate "C" not null,
    revoked_at text collate "C" not null,
    rank bigint not null,
    primary key (issuer, serial)
  )`,
  sql`create or replace view crl_entry as
    select issuer, serial, coalesce(revoked_at, abandoned_at) as revoked_at,
      coalesce(revoked_rank, abandoned_rank) as rank
    from certificate_status where revoked_rank is not null or maybe_signed
    union all select issuer, serial, revoked_at, rank from ca_revocation`,
]

export const m013CaRevocations = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
