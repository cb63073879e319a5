// The queue of requests: the RA's work, and what belongs to a holder or to a certification agent's entities.
import { Type } from 'typebox'
import { request as requestFile } from '../domain/request.ts'
import { cardKind, holderKind, path, requestKind } from '../domain/lists.ts'
import { findRequests, type RequestFilter } from '../readmodels/requests.ts'
import type { RequestRow } from '../readmodels/schema.ts'
import { accountOf } from './auth.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { requestStatus } from './requestAnswer.ts'
import { readRoute, type Api } from './routes.ts'
import { code, d, id, orNull, t } from './schemas.ts'

const rowAnswer = {
  id,
  person: id,
  status: requestStatus,
  kind: requestKind,
  path,
  ra: code,
  holderKind,
  cardKind,
  requestedAt: t,
  returned: Type.Boolean({ description: 'It was sent back, and what was missing has not come.' }),
  lapsesOn: orNull(d),
  endedAt: orNull(t),
}

const rowBody = (row: RequestRow) => ({
  ...{ id: row.request, person: row.person, status: row.status, kind: row.kind, path: row.path, ra: row.ra },
  ...{ holderKind: row.holder_kind, cardKind: row.card_kind, requestedAt: row.requested_at },
  ...{ returned: row.returned, lapsesOn: row.lapses_on, endedAt: row.ended_at },
})

export const requestListRoutes = (api: Api): void => {
  const { services, readers } = api
  const { db, load } = services

  const isOf =
    (entities: readonly string[]) =>
    async ({ request }: RequestRow): Promise<boolean> => {
      const { state } = await load(requestFile, request)
      return state.status !== 'unknown' && entities.includes(state.identity?.entity ?? '')
    }

  /** The first rows that may be shown: what may not leaves neither a gap nor a link. */
  const findShown = async (
    filter: RequestFilter,
    mayShow: (row: RequestRow) => Promise<boolean>,
  ): Promise<readonly RequestRow[]> => {
    const shown: RequestRow[] = []
    let from: object = {}
    for (;;) {
      const rows = await findRequests(db, { ...filter, ...from })
      for (const row of rows) {
        if (await mayShow(row)) shown.push(row)
        if (shown.length === filter.limit) return shown
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < filter.limit) return shown
      from = { after: last.rank }
    }
  }

  readRoute(api, {
    url: '/requests',
    summary: 'Requests, oldest first',
    description:
      'The queue of a registration authority. A holder sees his own; a certification agent those of his entities.',
    tag: 'requests',
    clauses: ['CGU-21', 'CGU-22', 'CGU-114'],
    query: { status: Type.Optional(requestStatus), ra: Type.Optional(code), ...pageQuery },
    answer: Type.Object({ requests: Type.Array(Type.Object(rowAnswer)) }),
    read: async ({ request, reply, query }) => {
      const account = accountOf(request)
      const [entity] = account.entities
      const about = { person: account.person, entity }
      const actor = await readers.reader(request, about, { screen: 'requestList' })
      const limit = limitOf(query)
      const after = rankOf(query)
      const filter = {
        ...(query.status === undefined ? {} : { status: query.status as RequestRow['status'] }),
        ...(query.ra === undefined ? {} : { ra: query.ra }),
        ...(actor.role === 'holder' ? { person: account.person } : {}),
        ...(after === undefined ? {} : { after }),
        limit: limit + 1,
      }
      const mayShow = actor.role === 'mc' ? isOf(account.entities) : () => Promise.resolve(true)
      const rows = await findShown(filter, mayShow)
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.rank)
      return { requests: shown.map(rowBody) }
    },
  })
}
