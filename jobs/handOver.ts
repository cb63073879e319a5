// The messages of one notice, made and handed over. An address is opened here, for one message, and kept nowhere.
import { marked } from '../domain/policy/policy.ts'
import { contact, noticeHtml, noticeSaid, noticeText, type Values } from '../domain/noticeText.ts'
import type { NoticeFile, Recipient } from '../domain/notice.ts'
import { certificateOfRequest, serialOfRecovery } from '../readmodels/noticesDue.ts'
import { addressOf } from './addresses.ts'
import type { NoticeTools } from './noticesDue.ts'
import { composeMessage, type Outbox } from './outbox.ts'

export type SendTools = NoticeTools &
  Readonly<{
    outbox: Outbox
    /** The address that messages come from, where it is not the authority's contact. */
    from?: string
    settled: () => Promise<void>
  }>

/** What became of the message to the recipient at a place of the list; `fault` as the mail server numbers it. */
export type Outcome = Readonly<{
  place: number
  handed: 'taken' | 'noAddress' | 'forNow' | 'forGood'
  fault?: string
}>

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

export type Sending = Readonly<{
  id: string
  state: NoticeFile
  /** Of the notice's stream. */
  revision: number
  places: readonly number[]
}>

const handOverOne = async (
  tools: SendTools,
  { id, state, revision }: Sending,
  place: number,
): Promise<Outcome> => {
  const { service, outbox, from = contact } = tools
  const recipient = state.recipients[place]
  const to = recipient === undefined ? undefined : await addressOf(service.ledger, recipient.stream)
  if (recipient === undefined || to === undefined) return { place, handed: 'noAddress' }
  const said = noticeSaid(state.kind, recipient.role, await valuesOf(tools, state, recipient))
  const name = `${id}-${place}`
  const message = {
    ...{ name, to, date: service.now(), subject: marked(service.policy, said.subject) },
    ...{ text: noticeText(said), html: noticeHtml(said) },
  }
  const bytes = await composeMessage(message, { from, log: service.policy.log })
  const handed = await outbox.put({ name, to, bytes, turn: revision })
  return handed === 'taken' ? { place, handed } : { place, handed: handed.refused, fault: handed.fault }
}

/** As many at once as the mail server gets connections (jobs/smtp.ts). */
const atOnce = 4

/**
 * Hands the messages to some recipients of a notice over.
 * @throws MailFault where nothing can be handed over; those that were are not handed over again
 */
export const handOver = async (tools: SendTools, sending: Sending): Promise<readonly Outcome[]> => {
  const outcomes: Outcome[] = []
  for (let start = 0; start < sending.places.length; start += atOnce) {
    const some = sending.places.slice(start, start + atOnce)
    const settled = await Promise.allSettled(some.map((place) => handOverOne(tools, sending, place)))
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason
      outcomes.push(one.value)
    }
  }
  return outcomes
}
