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
export type RecordNotice = Command<'RecordNotice', Of<NoticeData<'NoticeSent'>>>
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

export const recordNotice: Decider<Notice, RecordNotice, NoticeEvent> = {
  type: 'RecordNotice',
  who: ['program'],
  aggregate: notice,
  stream,
  decide: ({ data: { notice: _, ...data } }, state) => {
    if (state.status === 'unknown') return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    return state.status === 'planned' ? accept({ type: 'NoticeSent', data }) : accept()
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
    const left = still(state, recipientIndexes, { from: ['sent'], become: 'undelivered' })
    if (!isList(left)) return left
    if (left.length === 0) return accept()
    return accept({ type: 'NoticeUndelivered', data: { recipientIndexes: [...left], fault } })
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
      from: ['planned', 'sent', 'failed', 'undelivered'],
      become: 'waived',
    })
    if (!isList(left)) return left
    if (left.length === 0) return accept()
    if (state.status === 'planned' && left.length < state.recipients.length)
      return refuse('CGU-77', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'NoticeWaived', data: { recipientIndexes: [...left], cause } })
  },
}
