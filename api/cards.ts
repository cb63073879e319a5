// CGU-49, CGU-50: « code PIN de la carte, défini par le porteur lors de l’obtention du certificat et qui est sous son contrôle
// exclusif ». The PIN goes to the card and nowhere else: not to the ledger, a log, a digest, or an answer.
import { Type } from 'typebox'
import { definePin } from '../commands/cards.ts'
import { card } from '../domain/card.ts'
import { accepted } from './command.ts'
import { notFound, tag } from './readers.ts'
import { actRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, id, n, orNull, sn } from './schemas.ts'

const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['allotted', 'written', 'inUse', 'spoiled', 'released', 'scrapped']),
  request: id,
  session: n,
  person: orNull(id),
  serials: Type.Array(sn),
})

export const cardRoutes = (api: Api): void => {
  const { services } = api
  const { policy } = services
  const decider = definePin(policy)
  const { pinMinLength } = policy.card
  const pin = closed(
    { pin: Type.String({ pattern: `^\\d{${pinMinLength},16}$`, description: 'Digits.' }) },
    { examples: [{ pin: '0123456789'.slice(0, pinMinLength) }] },
  )

  actRoute(api, {
    url: '/cards/:id/pin',
    summary: 'Define the PIN of the card, by its holder',
    tag: 'cards',
    clauses: ['CGU-49', 'CGU-50'],
    params: byId,
    body: pin,
    secrets: ['pin'],
    command: decider.type,
    who: decider.who,
    also: ({ id: cardId }) => `card ${cardId}`,
    run: async ({ params, body, act }) => {
      const { state, revision } = await services.load(card, params.id)
      const order = { type: decider.type, id: act.id, by: act.actor, at: act.at } as const
      const decision = decider.decide({ ...order, data: { card: params.id } }, state, undefined)
      // The card first, the ledger second: a crash between the two leaves a card that is still `written`, and the holder
      // sets his PIN again. Once it is recorded the decision is a refusal here, and the card is not touched again.
      if ('accepted' in decision) {
        act.expectSeen(revision)
        await services.cards.definePin({ card: params.id, pin: body.pin })
      }
      const outcome = await act.carryOut(decider, { card: params.id }, caseOf(state))
      return accepted(params.id, outcome)
    },
  })

  readRoute(api, {
    url: '/cards/:id',
    summary: 'A card',
    tag: 'cards',
    clauses: ['CGU-14', 'CGU-34'],
    params: byId,
    answer,
    read: async ({ request, reply, params }) => {
      const { state, revision } = await services.load(card, params.id)
      const stream = `card-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      await api.readers.reader(request, { person: known?.person }, { screen: 'card', stream })
      if (known === undefined) return notFound()
      tag(reply, revision)
      return { id: params.id, stream, revision, ...known }
    },
  })
}

const caseOf = (state: { status: string; request?: string }): string | undefined => state.request
