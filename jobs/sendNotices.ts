// A notice that is planned is sent: every message is put into the outbox under its own name, then the outcome is recorded. Cut
// short anywhere, it is done again: what is there is left as it is, so nobody gets two (events.md section 4, P2).
import { recordNotice } from '../commands/notices.ts'
import { perform } from '../commands/program.ts'
import { marked } from '../domain/policy/policy.ts'
import { contact, noticeText, type Values } from '../domain/noticeText.ts'
import { notice, type NoticeFile, type Recipient } from '../domain/notice.ts'
import { eventIdOf } from '../ledger/ids.ts'
import { pendingNotices } from '../readmodels/notices.ts'
import { certificateOfRequest, serialOfRecovery } from '../readmodels/noticesDue.ts'
import { addressOf } from './addresses.ts'
import { planNotices, type NoticeTools } from './noticesDue.ts'
import { composeMessage, type Outbox } from './outbox.ts'
import type { Job } from './port.ts'

export type SendTools = NoticeTools & Readonly<{ outbox: Outbox; settled: () => Promise<void> }>

/** What the words of a notice are filled with, for one recipient. */
const valuesOf = async (
  { db, service }: SendTools,
  { kind, milestone, effectiveAt }: NoticeFile,
  { stream }: Recipient,
): Promise<Values> => {
  const base = { milestone, effectiveAt, site: service.policy.sites[0] ?? '' }
  if (kind === 'revocation') return { ...base, serial: milestone, notAfter: undefined }
  if (kind === 'keyRecovery')
    return { ...base, serial: await serialOfRecovery(db, milestone), notAfter: undefined }
  const own = kind === 'expiry' ? await certificateOfRequest(db, stream.slice('request-'.length)) : undefined
  return { ...base, serial: own?.serial, notAfter: own?.notAfter }
}

/** Puts one recipient's message into the outbox. @returns false where there is no address */
const sendOne = async (tools: SendTools, id: string, state: NoticeFile, place: number): Promise<boolean> => {
  const { service, outbox } = tools
  const recipient = state.recipients[place]
  if (recipient === undefined) return false
  const to = await addressOf(service.ledger, recipient.stream)
  if (to === undefined) return false
  const { subject, body } = noticeText(state.kind, recipient.role, await valuesOf(tools, state, recipient))
  const name = `${id}-${place}`
  const message = { name, to, text: body, date: service.now(), subject: marked(service.policy, subject) }
  await outbox.put(name, await composeMessage(message, { from: contact, log: service.policy.log }))
  return true
}

/** The intent's event, which the outcome is named after. */
const intentOf = (id: string): string => eventIdOf(id, 0)

const send = async (tools: SendTools, id: string): Promise<void> => {
  const { service } = tools
  const { state } = await service.ledger.load(notice, id)
  if (state.status !== 'planned') return
  const failedIndexes: number[] = []
  for (const place of state.recipients.keys())
    if (!(await sendOne(tools, id, state, place))) failedIndexes.push(place)
  await perform(service, recordNotice, {
    key: intentOf(id),
    data: { notice: id, sentAt: service.now(), failedIndexes },
    circumstances: { correlationId: id, causationId: intentOf(id) },
  })
}

/** Sends every notice that is planned and not sent. */
const sendPlanned = async (tools: SendTools): Promise<void> => {
  const limit = tools.service.policy.notice.recipientsAtMost
  let after: number | undefined
  for (;;) {
    const pending = await pendingNotices(tools.db, limit, after)
    for (const { notice: id } of pending) await send(tools, id)
    if (pending.length < limit) return
    after = pending.at(-1)?.rank
  }
}

/** Sends what a stop has left planned, plans what is due, and sends that. */
export const runNotices = async (tools: SendTools): Promise<void> => {
  await tools.settled()
  await planNotices(tools)
  await tools.settled()
  await sendPlanned(tools)
}

/** Lead times are days: an hour is often enough, and events that make a notice due at once nudge (jobs/nudges.ts). */
export const noticesJob = (tools: SendTools): Job => ({
  name: 'notices',
  everySeconds: 3600,
  run: () => runNotices(tools),
})
