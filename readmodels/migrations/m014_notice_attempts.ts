// Notices that a mail server has put off: how often, when it was asked last, and why (projections/noticeRows.ts).
import { sql, type Kysely } from 'kysely'

// The projection has a higher version since, and fills the rows anew.
const statements = [
  sql`delete from notice_recipient`,
  sql`alter table notice_recipient
    add column attempts integer not null, add column attempted_at text collate "C", add column fault text`,
  sql`drop index notice_recipient_untold`,
  sql`create index notice_recipient_untold on notice_recipient (planned_rank, place)
    where delivery in ('planned', 'deferred', 'failed', 'undelivered')`,
  sql`create index notice_recipient_deferred on notice_recipient (planned_rank, place) where delivery = 'deferred'`,
]

export const m014NoticeAttempts = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    for (const statement of statements) await statement.execute(db)
  },
}
