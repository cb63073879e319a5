// Notices: planned, sent, come back or waived.
// CGU-77: « Quelle que soit la cause ayant entraîné la révocation d’un certificat, le porteur est informé par une notification ».
// CGU-84: « Informe tous les MC et/ou porteurs des certificats révoqués ou à révoquer, ainsi que leur entité de rattachement ».
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import {
  notice,
  type Delivery,
  type Notice,
  type NoticeData,
  type NoticeEvent,
  type NoticeFile,
} from '../domain/notice.ts'
import type { Policy } from '../domain/policy/policy.ts'

type Of<T> = { notice: string } & T

export type PlanNotice = Command<'PlanNotice', Of<NoticeData<'NoticePlanned'>>>
/** What the mail server did not take: for now, or for good. Each with the places of one fault (RFC 3463). */
export type Turned = Readonly<{
  deferred?: readonly NoticeData<'NoticeDeferred'>[]
  bounced?: readonly NoticeData<'NoticeUndelivered'>[]
}>
export type RecordNotice = Command<'RecordNotice', Of<NoticeData<'NoticeSent'> & Turned>>
/** What came of asking again: `relayed` were taken. */
export type RecordDelivery = Command<
  'RecordDelivery',
  Of<{ sentAt: string; relayed: readonly number[] } & Turned>
>
export type RetryNotice = Command<'RetryNotice', Of<NoticeData<'NoticeRetried'>>>
export type RecordBounce = Command<'RecordBounce', Of<NoticeData<'NoticeUndelivered'>>>
export type WaiveNotice = Command<'WaiveNotice', Of<NoticeData<'NoticeWaived'>>>

const stream = ({ data }: { data: { notice: string } }): string => data.notice

export const planNotice = (policy: Policy): Decider<Notice, PlanNotice, NoticeEvent> => ({
  type: 'PlanNotice',
  who: ['program', 'caOfficer'],
  aggregate: notice,
  stream,
  decide: ({ data: { notice: _, ...data } }, state) => {
    if (state.status !== 'unknown') return accept()
    if (data.recipients.length > policy.notice.recipientsAtMost)
      return refuse('CGU-06', 'PARAMETER_OUT_OF_BOUNDS', 'recipients')
    return accept({ type: 'NoticePlanned', data })
  },
})

const turnedEvents = ({ deferred = [], bounced = [] }: Turned): readonly NoticeEvent[] => [
  ...deferred.map((data): NoticeEvent => ({ type: 'NoticeDeferred', data })),
  ...bounced.map((data): NoticeEvent => ({ type: 'NoticeUndelivered', data })),
]

export const recordNotice: Decider<Notice, RecordNotice, NoticeEvent> = {
  type: 'RecordNotice',
  who: ['program'],
  aggregate: notice,
  stream,
  decide: ({ data: { notice: _, deferred = [], bounced = [], ...data } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    if (state.status !== 'planned') return accept()
    return accept({ type: 'NoticeSent', data }, ...turnedEvents({ deferred, bounced }))
  },
}

/** Those of some places that still wait for the mail server, after fewer attempts than this one. */
const waiting = (state: NoticeFile, places: readonly number[], attempt = Infinity): number[] =>
  places.filter((place) => {
    const one = state.recipients[place]
    return one?.delivery === 'deferred' && one.attempts < attempt
  })

/** The attempts of one pass at what the mail server had put off. Whom an officer has waived in the meantime is left alone. */
export const recordDelivery: Decider<Notice, RecordDelivery, NoticeEvent> = {
  type: 'RecordDelivery',
  who: ['program'],
  aggregate: notice,
  stream,
  decide: ({ data: { sentAt, relayed, deferred = [], bounced = [] } }, state) => {
    if (state.status !== 'sent') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    const taken = waiting(state, relayed)
    const turned = turnedEvents({
      deferred: deferred.map((one) => ({
        ...one,
        recipientIndexes: waiting(state, one.recipientIndexes, one.attempt),
      })),
      bounced: bounced.map((one) => ({ ...one, recipientIndexes: waiting(state, one.recipientIndexes) })),
    })
    const told: readonly NoticeEvent[] = [
      { type: 'NoticeRelayed', data: { recipientIndexes: taken, sentAt } },
      ...turned,
    ]
    return accept(
      ...told.filter(({ data }) => 'recipientIndexes' in data && data.recipientIndexes.length > 0),
    )
  },
}

/** Those of the recipients named that are not there yet; a refusal where one is named that cannot get there. */
const still = (
  state: NoticeFile,
  indexes: readonly number[],
  to: Readonly<{ from: readonly Delivery[]; become: Delivery }>,
): readonly number[] | Decision<never> => {
  const wrong = indexes.find((index) => {
    const delivery = state.recipients[index]?.delivery
    return delivery === undefined || (delivery !== to.become && !to.from.includes(delivery))
  })
  if (wrong !== undefined) return refuse('CGU-77', 'OUT_OF_ORDER', String(wrong))
  return [...new Set(indexes)].filter((index) => state.recipients[index]?.delivery !== to.become)
}

const isList = (value: readonly number[] | Decision<never>): value is readonly number[] =>
  Array.isArray(value)

export const recordBounce: Decider<Notice, RecordBounce, NoticeEvent> = {
  type: 'RecordBounce',
  who: ['program', 'supportAgent'],
  aggregate: notice,
  stream,
  decide: ({ data: { recipientIndexes, fault } }, state) => {
    if (state.status !== 'sent') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    const left = still(state, recipientIndexes, { from: ['sent', 'deferred'], become: 'undelivered' })
    if (!isList(left)) return left
    if (left.length === 0) return accept()
    return accept({ type: 'NoticeUndelivered', data: { recipientIndexes: [...left], fault } })
  },
}

/** Sends once more what came back, was given up or had no address, once that has been put right. */
export const retryNotice: Decider<Notice, RetryNotice, NoticeEvent> = {
  type: 'RetryNotice',
  who: ['caOfficer', 'raOfficer', 'supportAgent'],
  aggregate: notice,
  stream,
  decide: ({ data: { recipientIndexes } }, state) => {
    if (state.status !== 'sent') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    const left = still(state, recipientIndexes, { from: ['failed', 'undelivered'], become: 'deferred' })
    if (!isList(left)) return left
    if (left.length === 0) return accept()
    return accept({ type: 'NoticeRetried', data: { recipientIndexes: [...left] } })
  },
}

/**
 * Nobody is told whom no notice can reach (death, no address), or who has been told otherwise. Before it is sent a notice is
 * waived for all of its recipients or not at all, so that what is planned is sent whole.
 */
export const waiveNotice: Decider<Notice, WaiveNotice, NoticeEvent> = {
  type: 'WaiveNotice',
  who: ['caOfficer', 'raOfficer'],
  aggregate: notice,
  stream,
  decide: ({ data: { recipientIndexes, cause } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    const left = still(state, recipientIndexes, {
      from: ['planned', 'deferred', 'sent', 'failed', 'undelivered'],
      become: 'waived',
    })
    if (!isList(left)) return left
    if (left.length === 0) return accept()
    if (state.status === 'planned' && left.length < state.recipients.length)
      return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'NoticeWaived', data: { recipientIndexes: [...left], cause } })
  },
}
