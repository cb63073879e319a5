// Notices and what has become of each recipient: one row a mailing, one a recipient.
import type { Transaction } from 'kysely'
import { unreachable } from '../domain/kernel.ts'
import type { Delivery, NoticeData, NoticeEvent } from '../domain/notice.ts'
import type { Database, NoticeRecipientRow, NoticeRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Mailing = Readonly<{ row: NoticeRow; recipients: readonly NoticeRecipientRow[] }>

const planned = (id: string, data: NoticeData<'NoticePlanned'>, { rank, env }: Recorded): Mailing => {
  const { kind, milestone } = data
  return {
    row: {
      ...{ notice: id, kind, milestone, status: 'planned' },
      ...{ effective_at: data.effectiveAt ?? null, planned_at: env.occurredAt, planned_rank: rank },
      ...{ sent_at: null, sent_rank: null },
    },
    recipients: data.recipients.map(({ stream, role }, place) => ({
      ...{ notice: id, place, kind, milestone, stream, role },
      ...{ delivery: 'planned', planned_rank: rank, rank },
      ...{ attempts: 0, attempted_at: null, fault: null },
    })),
  }
}

const marked = (
  { row, recipients }: Mailing,
  places: readonly number[],
  to: Partial<NoticeRecipientRow> & Readonly<{ delivery: Delivery; rank: number }>,
): Mailing => {
  const which = new Set(places)
  return { row, recipients: recipients.map((one) => (which.has(one.place) ? { ...one, ...to } : one)) }
}

const sent = ({ row, recipients }: Mailing, data: NoticeData<'NoticeSent'>, rank: number): Mailing => {
  const { sentAt, failedIndexes, deferredIndexes = [] } = data
  const all: Mailing = {
    row: { ...row, status: 'sent', sent_at: sentAt, sent_rank: rank },
    recipients: recipients.map((one) => ({ ...one, delivery: 'sent', rank })),
  }
  const failed = marked(all, failedIndexes, { delivery: 'failed', rank })
  return marked(failed, deferredIndexes, { delivery: 'deferred', rank, attempted_at: sentAt })
}

const waived = (mailing: Mailing, places: readonly number[], rank: number): Mailing => {
  const after = marked(mailing, places, { delivery: 'waived', rank })
  return mailing.row.status === 'planned' ? { ...after, row: { ...after.row, status: 'waived' } } : after
}

const changed = (before: Mailing | undefined, { event, at }: Applied): Mailing => {
  const it = event as NoticeEvent
  if (it.type === 'NoticePlanned') return planned(idOf(at.stream), it.data, at)
  if (before === undefined) throw new Error(`${it.type} before NoticePlanned`)
  if (it.type === 'NoticeSent') return sent(before, it.data, at.rank)
  if (it.type === 'NoticeWaived') return waived(before, it.data.recipientIndexes, at.rank)
  return marked(before, it.data.recipientIndexes, { ...outcomeOf(it, at.env.occurredAt), rank: at.rank })
}

type Attempted = Exclude<NoticeEvent, { type: 'NoticePlanned' | 'NoticeSent' | 'NoticeWaived' }>

const outcomeOf = (
  { type, data }: Attempted,
  at: string,
): Partial<NoticeRecipientRow> & Readonly<{ delivery: Delivery }> => {
  switch (type) {
    case 'NoticeDeferred':
      return { delivery: 'deferred', attempts: data.attempt, attempted_at: at, fault: data.fault }
    case 'NoticeRelayed':
      return { delivery: 'sent', attempted_at: at, fault: null }
    case 'NoticeUndelivered':
      return { delivery: 'undelivered', fault: data.fault }
    case 'NoticeRetried':
      return { delivery: 'deferred', attempts: 0, attempted_at: null, fault: null }
    default:
      return unreachable(type)
  }
}

/** Recipients by their notice, in the order in which they come. */
export const byNotice = (
  rows: readonly NoticeRecipientRow[],
): ReadonlyMap<string, readonly NoticeRecipientRow[]> => {
  const groups = new Map<string, NoticeRecipientRow[]>()
  for (const row of rows) {
    const group = groups.get(row.notice)
    if (group === undefined) groups.set(row.notice, [row])
    else group.push(row)
  }
  return groups
}

const mailingsOf = async (tx: Transaction<Database>, ids: readonly string[]) => {
  const rows = await tx.selectFrom('notice').selectAll().where(isAnyOf('notice', ids)).execute()
  const recipients = await tx
    .selectFrom('notice_recipient')
    .selectAll()
    .where(isAnyOf('notice', ids))
    .orderBy('place')
    .execute()
  const groups = byNotice(recipients)
  return new Map(
    rows.map((row): [string, Mailing] => [row.notice, { row, recipients: groups.get(row.notice) ?? [] }]),
  )
}

/** Takes the events of notices. */
export const applyNotices = async (tx: Transaction<Database>, batch: readonly Applied[]): Promise<void> => {
  const own = batch.filter(({ at }) => at.stream.startsWith('notice-'))
  if (own.length === 0) return
  const mailings = await mailingsOf(tx, [...new Set(own.map(({ at }) => idOf(at.stream)))])
  for (const applied of own) {
    const id = idOf(applied.at.stream)
    mailings.set(id, changed(mailings.get(id), applied))
  }
  const all = [...mailings.values()]
  await upsertRows(
    tx,
    'notice',
    ['notice'],
    all.map(({ row }) => row),
  )
  await upsertRows(
    tx,
    'notice_recipient',
    ['notice', 'place'],
    all.flatMap(({ recipients }) => recipients),
  )
}
