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
const NoticeSent = event('NoticeSent', { pub: { sentAt: t, failedIndexes: indexes } })
const NoticeUndelivered = event('NoticeUndelivered', { pub: { recipientIndexes: indexes, fault: code } })
const NoticeWaived = event('NoticeWaived', { pub: { recipientIndexes: indexes, cause: waiverCause } })

export const noticeForms = [NoticePlanned, NoticeSent, NoticeUndelivered, NoticeWaived] as const
export type NoticeEvent = EventOf<(typeof noticeForms)[number]>
export type NoticeData<T extends NoticeEvent['type']> = Extract<NoticeEvent, { type: T }>['data']
export type NoticeKind = Static<typeof noticeKind>
export type Recipient = Readonly<Static<typeof recipient>>

/** What has become of one recipient. `failed`: there was no address to send to; `undelivered`: it came back. */
export type Delivery = 'planned' | 'sent' | 'failed' | 'undelivered' | 'waived'

export type NoticeFile = Readonly<{
  status: 'planned' | 'sent' | 'waived'
  kind: NoticeKind
  milestone: string
  templateSha256: string
  effectiveAt: string | undefined
  sentAt: string | undefined
  recipients: readonly (Recipient & Readonly<{ delivery: Delivery }>)[]
}>
export type Notice = Readonly<{ status: 'unknown' }> | NoticeFile

const marked = (state: NoticeFile, chosen: readonly number[], delivery: Delivery): NoticeFile => {
  const which = new Set(chosen)
  return {
    ...state,
    recipients: state.recipients.map((one, index) => (which.has(index) ? { ...one, delivery } : one)),
  }
}

const sent = (state: NoticeFile, { sentAt, failedIndexes }: NoticeData<'NoticeSent'>): NoticeFile =>
  marked(
    {
      ...state,
      ...{ status: 'sent', sentAt },
      recipients: state.recipients.map((one) => ({ ...one, delivery: 'sent' })),
    },
    failedIndexes,
    'failed',
  )

const evolve = (state: Notice, { type, data }: NoticeEvent): Notice => {
  if (type === 'NoticePlanned')
    return {
      status: 'planned',
      kind: data.kind,
      milestone: data.milestone,
      templateSha256: data.templateSha256,
      effectiveAt: data.effectiveAt,
      sentAt: undefined,
      recipients: data.recipients.map((one) => ({ ...one, delivery: 'planned' })),
    }
  if (state.status === 'unknown') throw new Error(`${type} before NoticePlanned`)
  switch (type) {
    case 'NoticeSent':
      return sent(state, data)
    case 'NoticeUndelivered':
      return marked(state, data.recipientIndexes, 'undelivered')
    case 'NoticeWaived': {
      const after = marked(state, data.recipientIndexes, 'waived')
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
