// The register of cards: what lies in stock, what is in use, what waits for its end. CGU-14; CGU-99 for those that are faulty.
import { Type } from 'typebox'
import { registerStock } from '../commands/registerStock.ts'
import { card, isAllotted, type Card } from '../domain/card.ts'
import { cardKind, incident } from '../domain/lists.ts'
import { request as requestFile } from '../domain/request.ts'
import { cardByChip, countCards, findCards } from '../readmodels/cards.ts'
import type { CardRow } from '../readmodels/schema.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, id, n, note, orNull, sn, t } from './schemas.ts'

const status = Type.Enum([
  ...(['inStock', 'discarded', 'allotted', 'written', 'spoiled', 'released'] as const),
  ...(['inUse', 'blocked', 'faulty', 'lost', 'unblocking', 'scrapped'] as const),
])

const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status,
  model: code,
  kind: cardKind,
  stocked: Type.Boolean(),
  request: Type.Optional(id),
  session: Type.Optional(n),
  person: Type.Optional(id),
  serials: Type.Array(sn),
  incident: Type.Optional(incident),
})

const row = Type.Object({
  id,
  status,
  model: code,
  kind: cardKind,
  ra: orNull(code),
  request: orNull(id),
  person: orNull(id),
  serials: Type.Array(sn),
  incident: orNull(incident),
  stockedAt: orNull(t),
  allottedAt: orNull(t),
  writtenAt: orNull(t),
  reportedAt: orNull(t),
  scrappedAt: orNull(t),
})

const rowBody = (card: CardRow) => ({
  ...{ id: card.id, status: card.status, model: card.model, kind: card.kind, ra: card.ra },
  ...{ request: card.request, person: card.person, serials: card.serials, incident: card.incident },
  ...{ stockedAt: card.stocked_at, allottedAt: card.allotted_at, writtenAt: card.written_at },
  ...{ reportedAt: card.reported_at, scrappedAt: card.scrapped_at },
})

const also = ['unblockingOperator'] as const

/** Whom the card is kept for by his entity's certification agent. */
const entityOf = async ({ services }: Api, requestId: string): Promise<string | undefined> => {
  const { state } = await services.load(requestFile, requestId)
  return state.status === 'unknown' ? undefined : state.identity?.entity
}

/** A card as GET answers it, without its chip number. */
const body = (state: Exclude<Card, { status: 'unknown' }>) => {
  const { status: shown, model, kind, stocked } = state
  if (!isAllotted(state)) return { status: shown, model, kind, stocked, serials: [] }
  const { request, session, person, serials, incident: told } = state
  return {
    ...{ status: shown, model, kind, stocked, request, session, person, serials },
    ...(told === undefined ? {} : { incident: told }),
  }
}

export const cardRegisterRoutes = (api: Api): void => {
  const { db, load, policy, reads } = api.services
  const about = { tag: 'cards', clauses: ['CGU-14', 'CGU-99'] } as const

  const stock = closed(
    { model: code, kind: cardKind, ra: Type.Enum(policy.ras.map(({ code: ra }) => ra)), chipNumber: note },
    {
      examples: [
        {
          model: policy.card.models[0]?.code,
          kind: 'agent',
          ra: policy.ras[0]?.code,
          chipNumber: '8925 0000 0043',
        },
      ],
    },
  )
  commandRoute(api, {
    ...about,
    url: '/cards',
    summary: 'Take a card into the stock',
    clauses: ['CGU-14'],
    body: stock,
    created: true,
    decider: registerStock(policy),
    data: async ({ body, act }) => {
      const known = await cardByChip(db, reads.blind('chip', body.chipNumber))
      return { ...body, card: act.id, ...(known === undefined ? {} : { known }) }
    },
  })

  readRoute(api, {
    ...about,
    url: '/cards',
    summary: 'Cards, the newest first',
    description: '`status=faulty`: reported, and waiting for the registration authority to scrap them.',
    query: { status: Type.Optional(status), kind: Type.Optional(cardKind), ...pageQuery },
    answer: Type.Object({ cards: Type.Array(row) }),
    read: async ({ request, reply, query }) => {
      await api.readers.reader(request, {}, { screen: 'cards', also })
      const limit = limitOf(query)
      const before = rankOf(query)
      const rows = await findCards(db, {
        ...(query.status === undefined ? {} : { status: query.status as CardRow['status'] }),
        ...(query.kind === undefined ? {} : { kind: query.kind as CardRow['kind'] }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.rank)
      return { cards: shown.map(rowBody) }
    },
  })

  readRoute(api, {
    ...about,
    url: '/cards/inventory',
    summary: 'How many cards there are, by model, kind and status',
    answer: Type.Object({
      counts: Type.Array(Type.Object({ model: code, kind: cardKind, status, count: n })),
    }),
    read: async ({ request }) => {
      await api.readers.reader(request, {}, { screen: 'cardInventory', also })
      return { counts: await countCards(db) }
    },
  })

  readRoute(api, {
    ...about,
    url: '/cards/:id',
    summary: 'A card',
    clauses: ['CGU-14', 'CGU-34', 'CGU-99'],
    params: byId,
    answer,
    actionsOf: { kind: 'card', id: ({ id: cardId }) => cardId },
    read: async ({ request, reply, params }) => {
      const { state, revision } = await load(card, params.id)
      const stream = `card-${params.id}`
      const held = isAllotted(state) ? state : undefined
      const entity = held === undefined ? undefined : await entityOf(api, held.request)
      await api.readers.reader(request, { person: held?.person, entity }, { screen: 'card', stream, also })
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      return { id: params.id, stream, revision, ...body(state) }
    },
  })
}
