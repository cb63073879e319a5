// CGU-49, CGU-50: « code PIN de la carte, défini par le porteur lors de l’obtention du certificat et qui est sous son contrôle
// exclusif ». The PIN goes to the card and nowhere else: not to the ledger, a log, a digest, or an answer.
import { Type } from 'typebox'
import { definePin } from '../commands/cards.ts'
import { card, isAllotted, type Card } from '../domain/card.ts'
import { request } from '../domain/request.ts'
import { accepted } from './command.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed } from './schemas.ts'

export const cardRoutes = (api: Api): void => {
  const { services } = api
  const { policy } = services
  const decider = definePin(policy)
  const { pinMinLength } = policy.card
  const { pinDigits } = services.cards.capabilities
  const pin = closed(
    { pin: Type.String({ pattern: `^\\d{${pinMinLength},${pinDigits}}$`, description: 'Digits.' }) },
    { examples: [{ pin: '0123456789'.slice(0, pinMinLength) }] },
  )

  const summary = 'Define the PIN of the card, by its holder'
  api.actions.list({ url: '/cards/:id/pin', summary }, { on: 'card', decider, data: (id) => ({ card: id }) })

  actRoute(api, {
    url: '/cards/:id/pin',
    summary,
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
      const file = isAllotted(state) ? (await services.load(request, state.request)).state : request.initial
      const order = { type: decider.type, id: act.id, by: act.actor, at: act.at } as const
      const decision = decider.decide({ ...order, data: { card: params.id } }, state, file)
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
}

const caseOf = (state: Card): string | undefined => (isAllotted(state) ? state.request : undefined)
