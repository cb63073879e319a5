// CGU-77, CGU-84: what people say of a notice: that it has come back, that it is to be sent once more, that it need not be.
import { Type } from 'typebox'
import { recordBounce, retryNotice, waiveNotice } from '../commands/notices.ts'
import { waiverCause } from '../domain/lists.ts'
import { commandRoute, type Api } from './routes.ts'
import { byId, closed, code, n } from './schemas.ts'

const places = Type.Array(n, { minItems: 1, maxItems: 500, uniqueItems: true })
const bounce = closed(
  { recipientIndexes: places, fault: code },
  { examples: [{ recipientIndexes: [0], fault: '5.1.1' }] },
)
const waiver = closed(
  { recipientIndexes: places, cause: waiverCause },
  { examples: [{ recipientIndexes: [0], cause: 'unreachable' }] },
)

const retry = closed({ recipientIndexes: places }, { examples: [{ recipientIndexes: [0] }] })

export const noticeCommandRoutes = (api: Api): void => {
  const about = { tag: 'notices', params: byId } as const
  commandRoute(api, {
    ...about,
    url: '/notices/:id/bounce',
    summary: 'Record that a notice has come back',
    description:
      'The Message-ID of what came back is `<id-place@host>`: this notice, and the place in its list.',
    clauses: ['CGU-77', 'CGU-84'],
    body: bounce,
    decider: recordBounce,
    trial: { on: 'notice', data: (one) => ({ notice: one, recipientIndexes: [], fault: 'none' }) },
    data: ({ params, body }) => ({ notice: params.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/notices/:id/retry',
    summary: 'Send a notice once more that came back, was given up or had no address',
    clauses: ['CGU-77', 'CGU-84'],
    body: retry,
    decider: retryNotice,
    trial: { on: 'notice', data: (one) => ({ notice: one, recipientIndexes: [] }) },
    data: ({ params, body }) => ({ notice: params.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/notices/:id/waiver',
    summary: 'Waive a notice to somebody whom none can reach, or who has been told otherwise',
    clauses: ['CGU-77', 'CGU-84'],
    body: waiver,
    decider: waiveNotice,
    trial: {
      on: 'notice',
      data: (one) => ({ notice: one, recipientIndexes: [], cause: 'unreachable' as const }),
    },
    data: ({ params, body }) => ({ notice: params.id, ...body }),
  })
}
