// Notices: one mailing, to 500 recipients at most (CGU-19, CGU-54, CGU-77 to CGU-84). A recipient is a stream and a role: his
// address stays sealed in that stream, and is opened only to send.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type, type Static } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, h, n, stream, t } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { noticeKind, role, waiverCause } from './lists.ts'

const recipient = Type.Object({ stream, role }, { additionalProperties: false })
const indexes = Type.Array(n)

const NoticePlanned = event('NoticePlanned', {
  pub: {
    kind: noticeKind,
    // What it is about: a serial, a version, a lead time.
    milestone: code,
    templateSha256: h,
    recipients: Type.Array(recipient, { minItems: 1, maxItems: 500 }),
    effectiveAt: Type.Optional(t),
  },
})
// `deferredIndexes`: not taken by the mail server at that pass. What has become of them is in the events that follow.
const NoticeSent = event('NoticeSent', {
  pub: { sentAt: t, failedIndexes: indexes, deferredIndexes: Type.Optional(indexes) },
})
// `fault`: the enhanced status code (RFC 3463) or the class of it, never the server's words or an address.
const NoticeDeferred = event('NoticeDeferred', {
  pub: { recipientIndexes: indexes, attempt: n, fault: code },
})
const NoticeRelayed = event('NoticeRelayed', { pub: { recipientIndexes: indexes, sentAt: t } })
const NoticeRetried = event('NoticeRetried', { pub: { recipientIndexes: indexes } })
const NoticeUndelivered = event('NoticeUndelivered', { pub: { recipientIndexes: indexes, fault: code } })
const NoticeWaived = event('NoticeWaived', { pub: { recipientIndexes: indexes, cause: waiverCause } })

export const noticeForms = [
  NoticePlanned,
  NoticeSent,
  NoticeDeferred,
  NoticeRelayed,
  NoticeUndelivered,
  NoticeRetried,
  NoticeWaived,
] as const
export type NoticeEvent = EventOf<(typeof noticeForms)[number]>
export type NoticeData<T extends NoticeEvent['type']> = Extract<NoticeEvent, { type: T }>['data']
export type NoticeKind = Static<typeof noticeKind>
export type Recipient = Readonly<Static<typeof recipient>>

/**
 * What has become of one recipient. `deferred`: the mail server has not taken it yet, and is asked again; `failed`: there was no
 * address to send to; `undelivered`: it was refused for good, came back, or was given up.
 */
export type Delivery = 'planned' | 'deferred' | 'sent' | 'failed' | 'undelivered' | 'waived'

/** `attempts`: how often the mail server has put it off since it was first sent, or last retried. */
export type Told = Recipient & Readonly<{ delivery: Delivery; attempts: number; fault: string | undefined }>

export type NoticeFile = Readonly<{
  status: 'planned' | 'sent' | 'waived'
  kind: NoticeKind
  milestone: string
  templateSha256: string
  effectiveAt: string | undefined
  sentAt: string | undefined
  recipients: readonly Told[]
}>
export type Notice = Readonly<{ status: 'unknown' }> | NoticeFile

type Change = Partial<Pick<Told, 'delivery' | 'attempts' | 'fault'>>

const marked = (state: NoticeFile, chosen: readonly number[], change: Change): NoticeFile => {
  const which = new Set(chosen)
  return {
    ...state,
    recipients: state.recipients.map((one, index) => (which.has(index) ? { ...one, ...change } : one)),
  }
}

const sent = (state: NoticeFile, data: NoticeData<'NoticeSent'>): NoticeFile => {
  const { sentAt, failedIndexes, deferredIndexes = [] } = data
  const recipients = state.recipients.map((one): Told => ({ ...one, delivery: 'sent' }))
  const all: NoticeFile = { ...state, status: 'sent', sentAt, recipients }
  return marked(marked(all, failedIndexes, { delivery: 'failed' }), deferredIndexes, { delivery: 'deferred' })
}

const evolve = (state: Notice, { type, data }: NoticeEvent): Notice => {
  if (type === 'NoticePlanned')
    return {
      status: 'planned',
      kind: data.kind,
      milestone: data.milestone,
      templateSha256: data.templateSha256,
      effectiveAt: data.effectiveAt,
      sentAt: undefined,
      recipients: data.recipients.map((one) => ({
        ...one,
        ...{ delivery: 'planned', attempts: 0, fault: undefined },
      })),
    }
  if (state.status === 'unknown') throw new Error(`${type} before NoticePlanned`)
  switch (type) {
    case 'NoticeSent':
      return sent(state, data)
    case 'NoticeDeferred': {
      const { attempt: attempts, fault } = data
      return marked(state, data.recipientIndexes, { delivery: 'deferred', attempts, fault })
    }
    case 'NoticeRelayed':
      return marked(state, data.recipientIndexes, { delivery: 'sent', fault: undefined })
    case 'NoticeUndelivered':
      return marked(state, data.recipientIndexes, { delivery: 'undelivered', fault: data.fault })
    case 'NoticeRetried':
      return marked(state, data.recipientIndexes, { delivery: 'deferred', attempts: 0, fault: undefined })
    case 'NoticeWaived': {
      const after = marked(state, data.recipientIndexes, { delivery: 'waived' })
      // Waived before it was sent, it is waived for all (commands/notices.ts): nothing is sent any more.
      return state.status === 'planned' ? { ...after, status: 'waived' } : after
    }
    default:
      return unreachable(type)
  }
}

export const notice: Aggregate<Notice, NoticeEvent> = {
  name: 'notice',
  initial: { status: 'unknown' },
  evolve,
  ...codec(noticeForms),
  units: () => ({}),
}
