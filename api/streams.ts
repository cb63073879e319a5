// The history of one stream, for officers and auditors: what happened, when, in which role; never the content.
import { Type } from 'typebox'
import { findHistory } from '../readmodels/history.ts'
import { eventAnswer, eventBody } from './eventAnswer.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { notFound } from './readers.ts'
import { readRoute, type Api } from './routes.ts'
import { closed } from './schemas.ts'

const streamName = Type.String({ pattern: '^[a-z]+-[A-Za-z0-9-]{1,128}$' })

export const streamRoutes = (api: Api): void => {
  readRoute(api, {
    url: '/streams/:stream/events',
    summary: 'The events of a stream, oldest first',
    tag: 'streams',
    clauses: ['CGU-111', 'CGU-114'],
    params: closed({ stream: streamName }),
    query: pageQuery,
    answer: Type.Object({ events: Type.Array(eventAnswer) }),
    read: async ({ request, reply, params: { stream }, query }) => {
      await api.readers.reader(request, {}, { screen: 'streamHistory', stream })
      const limit = limitOf(query)
      const after = rankOf(query)
      const rows = await findHistory(api.services.db, {
        stream,
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      })
      if (rows.length === 0 && after === undefined) return notFound()
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.rank)
      return { events: page.map(eventBody) }
    },
  })
}
