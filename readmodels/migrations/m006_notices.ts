// Notices, who is to be told, and which conditions of use bind a holder (projections/notices.ts).
import { sql, type Kysely } from 'kysely'

const statements = [
  sql`create table notice (
    notice text collate "C" primary key,
    kind text not null,
    milestone text collate "C" not null,
    status text not null,
    effective_at text collate "C",
    planned_at text collate "C" not null,
    planned_rank bigint not null unique,
    sent_at text collate "C",
    sent_rank bigint
  )`,
  sql`create index notice_planned on notice (planned_rank) where status = 'planned'`,
  sql`create table notice_recipient (
    notice text collate "C" not null,
    place integer not null,
    kind text not null,
    milestone text collate "C" not null,
    stream text collate "C" not null,
    role text not null,
    delivery text not null,
    planned_rank bigint not null,
    rank bigint not null,
    primary key (notice, place)
  )`,
  sql`create index notice_recipient_of on notice_recipient (stream, kind, milestone)`,
  sql`create index notice_recipient_milestone on notice_recipient (kind, milestone)`,
  sql`create index notice_recipient_untold on notice_recipient (planned_rank, place)
    where delivery in ('planned', 'failed', 'undelivered')`,
  // Requests as far as notices look at them.
  sql`create table notice_request (
    request text collate "C" primary key,
    card_kind text not null,
    previous text collate "C",
    ended boolean not null
  )`,
  sql`create index notice_request_previous on notice_request (previous) where previous is not null`,
  // Certification agents and entities, which are told of more than one certificate.
  sql`create table notice_party (
    stream text collate "C" primary key,
    role text not null,
    entity text collate "C",
    in_force boolean not null,
    from_on text collate "C",
    until_on text collate "C",
    rank bigint not null
  )`,
  sql`create index notice_party_entity on notice_party (entity)`,
  sql`create table notice_recovery (
    recovery text collate "C" primary key,
    serial text collate "C" not null,
    delivered_rank bigint
  )`,
  sql`create table cgu_acceptance (
    request text collate "C" not null,
    version text collate "C" not null,
    person text collate "C" not null,
    means text,
    accepted_at text collate "C",
    accepted_rank bigint,
    notice text collate "C",
    notified_at text collate "C",
    notified_rank bigint,
    deemed_at text collate "C",
    deemed_rank bigint,
    deemed_stream text collate "C",
    deemed_type text collate "C",
    primary key (request, version)
  )`,
  sql`create index cgu_acceptance_person on cgu_acceptance (person)`,
  // Whose a request, a card or a certificate is.
  sql`create table cgu_stream (
    stream text collate "C" primary key,
    person text collate "C" not null
  )`,
  sql`create index certificate_status_not_after on certificate_status (not_after, serial) where status = 'accepted'`,
  sql`create index certificate_status_revocations on certificate_status (revoked_rank) where revoked_rank is not null`,
]

export const m006Notices = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
