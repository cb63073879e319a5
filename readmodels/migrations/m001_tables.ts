// The first tables. Text is compared octet by octet (COLLATE "C"): order must not depend on the server's locale.
// A projection whose shape changes gets a migration that drops its tables, and a new version, which rebuilds them.
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table projection_checkpoint (
    name text collate "C" primary key,
    version integer not null,
    commit_position text,
    prepare_position text,
    size bigint not null,
    last_at text collate "C"
  )`,
  sql`create table certificate_status (
    issuer text collate "C" not null,
    serial text collate "C" not null unique,
    profile text not null,
    status text not null,
    request text collate "C",
    person text collate "C",
    spki_sha256 text collate "C" not null,
    cert_sha256 text collate "C",
    not_before text collate "C" not null,
    not_after text collate "C" not null,
    planned_at text collate "C" not null,
    planned_rank bigint not null,
    issued_at text collate "C",
    issued_rank bigint,
    accepted_at text collate "C",
    accepted_rank bigint,
    refused_at text collate "C",
    refused_rank bigint,
    abandoned_at text collate "C",
    abandoned_rank bigint,
    maybe_signed boolean,
    revoked_at text collate "C",
    revoked_rank bigint,
    primary key (issuer, serial)
  )`,
  sql`create index certificate_status_request on certificate_status (request)`,
  sql`create index certificate_status_person on certificate_status (person)`,
  sql`create index certificate_status_revoked on certificate_status (issuer, serial)
    where revoked_rank is not null or maybe_signed`,
  // CRL and OCSP are views of one table, so that they can never say two things about one certificate.
  sql`create view crl_entry as
    select issuer, serial, coalesce(revoked_at, abandoned_at) as revoked_at,
      coalesce(revoked_rank, abandoned_rank) as rank
    from certificate_status where revoked_rank is not null or maybe_signed`,
  sql`create view ocsp_answer as
    select issuer, serial,
      case when revoked_rank is not null or maybe_signed then 'revoked' else 'good' end as status,
      case when maybe_signed then abandoned_at else revoked_at end as revoked_at
    from certificate_status where issued_rank is not null or maybe_signed`,
  sql`create table crl (
    issuer text collate "C" not null,
    number bigint not null,
    status text not null,
    this_update text collate "C" not null,
    next_update text collate "C" not null,
    up_to bigint not null,
    entries bigint not null,
    previous_sha256 text collate "C",
    last boolean not null,
    profile_version integer not null,
    planned_rank bigint not null,
    tbs_sha256 text collate "C",
    signature_algorithm text,
    signature text,
    sha256 text collate "C",
    bytes bigint,
    status_table_sha256 text collate "C",
    issued_at text collate "C",
    issued_rank bigint,
    primary key (issuer, number)
  )`,
  sql`create table history (
    rank bigint primary key,
    stream text collate "C" not null,
    revision bigint not null,
    id text collate "C" not null,
    type text collate "C" not null,
    at text collate "C" not null,
    occurred_at text collate "C" not null,
    role text not null,
    concerns text[] not null,
    unique (stream, revision)
  )`,
  sql`create index history_concerns on history using gin (concerns)`,
  sql`create table intent (
    event_id text collate "C" primary key,
    stream text collate "C" not null,
    type text collate "C" not null,
    rank bigint not null,
    at text collate "C" not null,
    unique (stream, type)
  )`,
  sql`create table search_request (
    rank bigint primary key,
    request text collate "C" not null unique,
    person text collate "C" not null
  )`,
  sql`create table search_term (
    term text collate "C" not null,
    rank bigint not null,
    primary key (term, rank)
  )`,
]

export const m001Tables = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
