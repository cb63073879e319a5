// Cards after they were handed over: what their holders report, unblocking, scrap. CGU-51 to CGU-53, CGU-98, CGU-99.
import { Type, type Static } from 'typebox'
import { reportCard, scrapCard } from '../commands/cardIncidents.ts'
import { consider, foldOf } from '../commands/consider.ts'
import { startUnblocking } from '../commands/unblocking.ts'
import { card, isAllotted } from '../domain/card.ts'
import {
  cardFunction,
  identityMethod,
  incident,
  role,
  scrapMethod,
  type ScrapMethod,
} from '../domain/lists.ts'
import { accepted, lastOf, type Act } from './command.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, id, note } from './schemas.ts'

const optional = Type.Optional

const report = closed(
  { incident, function: optional(cardFunction), note: optional(note), mandate: optional(id) },
  { examples: [{ incident: 'faulty', function: 'other', note: 'la puce sans contact ne répond plus' }] },
)
const scrap = closed(
  {
    cause: Type.Enum(['faulty', 'returned', 'replaced', 'found', 'spoiled']),
    method: Type.Enum(['shredded', 'erased']),
    minutes: optional(note),
    replacedBy: optional({
      ...id,
      description: 'The card in use that takes its place, where it is replaced.',
    }),
  },
  { examples: [{ cause: 'faulty', method: 'shredded', minutes: 'PV 2026-0042' }] },
)
const unblocking = closed(
  {
    askedBy: role,
    identityMethod,
    documentNumber: optional(note),
    method: Type.Enum(['puk']),
  },
  {
    examples: [
      {
        askedBy: 'holder',
        identityMethod: 'inPerson',
        documentNumber: '880692310285',
        method: 'puk',
      },
    ],
  },
)

const status = Type.String({ description: 'What the card has become.' })
const done = Type.Unsafe<ScrapMethod>({
  ...scrapMethod,
  description: '`notErased`: the card was out of reach. Found, it is given the same order again.',
})

export const cardCareRoutes = (api: Api): void => {
  const { load, cardCare } = api.services
  const about = { tag: 'cards', params: byId } as const
  const also = ({ id: cardId }: { id: string }) => `card ${cardId}`

  const caseOf = async (cardId: string): Promise<string | undefined> => {
    const { state } = await load(card, cardId)
    return isAllotted(state) ? state.request : undefined
  }
  /** How the card stands after an act of several commands. */
  const standing = async (cardId: string, act: Act, replayed: boolean) => {
    const { state, revision, written } = await load(card, cardId)
    const position = lastOf(written)
    act.mark({ position, replayed })
    return { ...accepted(cardId, { stream: `card-${cardId}`, revision, position }), status: state.status }
  }
  /**
   * CGU-99: the certificates are revoked wherever the card is. That it was erased is recorded of one that was, before it is said; asked
   * for where nobody may scrap it, the card is left as it is.
   */
  const methodDone = async (cardId: string, body: Static<typeof scrap>, act: Act): Promise<ScrapMethod> => {
    if (body.method !== 'erased') return body.method
    const { state, revision } = await load(card, cardId)
    const order = { type: scrapCard.type, id: act.id, by: act.actor, at: act.at } as const
    const decision = await consider(
      scrapCard,
      { ...order, data: { card: cardId, ...body } },
      state,
      foldOf(api.services),
    )
    if ('refused' in decision || decision.accepted.length === 0) return body.method
    // An order that goes on with an earlier one of its own has seen the card before that.
    if (!('method' in state)) act.expectSeen(revision)
    return (await cardCare.erase(cardId)) ? 'erased' : 'notErased'
  }
  const list = api.actions.list
  const texts = {
    report: { url: '/cards/:id/incidents', summary: 'Report a card that is blocked, faulty, lost or stolen' },
    unblock: { url: '/cards/:id/unblocking', summary: 'Unblock a card for its holder, who is identified' },
    scrap: { url: '/cards/:id/scrap', summary: 'Scrap a card; the certificates that it bears are revoked' },
  } as const
  list(texts.report, {
    ...{ on: 'card', decider: reportCard },
    data: (cardId) => ({ card: cardId, incident: 'faulty' as const }),
    underMandate: true,
  })
  list(texts.unblock, {
    ...{ on: 'card', decider: startUnblocking },
    data: (cardId) => ({
      ...({ askedBy: 'holder', identityMethod: 'inPerson', documentNumber: '-', method: 'puk' } as const),
      card: cardId,
    }),
  })
  list(texts.scrap, {
    ...{ on: 'card', decider: scrapCard },
    data: (cardId) => ({ ...({ cause: 'faulty', method: 'shredded' } as const), card: cardId }),
  })

  actRoute(api, {
    ...{ ...about, ...texts.report, also },
    description:
      'A loss or a theft revokes at once. A malfunction waits for the registration authority to scrap the card.',
    clauses: ['CGU-51', 'CGU-98', 'CGU-99'],
    body: report,
    command: reportCard.type,
    who: reportCard.who,
    extra: { status },
    run: async ({ params, body, act }) => {
      const order = { card: params.id, ...body }
      const { replayed } = await act.carryOut(reportCard, order, await caseOf(params.id))
      await cardCare.revoke(params.id)
      return await standing(params.id, act, replayed)
    },
  })

  actRoute(api, {
    ...{ ...about, ...texts.unblock, also },
    description: 'The operator sees neither the PUK nor a PIN: the holder then defines a new one.',
    clauses: ['CGU-52', 'CGU-53'],
    body: unblocking,
    command: startUnblocking.type,
    who: startUnblocking.who,
    extra: { status },
    run: async ({ params, body, act }) => {
      const order = { card: params.id, ...body }
      const { replayed } = await act.carryOut(startUnblocking, order, await caseOf(params.id))
      await cardCare.unblock(params.id)
      return await standing(params.id, act, replayed)
    },
  })

  actRoute(api, {
    ...{ ...about, ...texts.scrap, also },
    description:
      'A card that a renewal replaced leaves its certificate to run to its end. One that is to be erased and is not in its reader is scrapped all the same: `method` says what was done.',
    clauses: ['CGU-99'],
    body: scrap,
    command: scrapCard.type,
    who: ['raOfficer'],
    extra: { status, method: optional(done) },
    run: async ({ params, body, act }) => {
      const method = await methodDone(params.id, body, act)
      const order = { card: params.id, ...body, method }
      const { replayed } = await act.carryOut(scrapCard, order, await caseOf(params.id))
      // The same order, given again with the card back in its reader: what it said the first time stands, and now it is erased.
      if (replayed && method === 'erased') await act.goOn(scrapCard, order, await caseOf(params.id))
      await cardCare.revoke(params.id)
      const { state } = await load(card, params.id)
      return {
        ...(await standing(params.id, act, replayed)),
        ...('method' in state ? { method: state.method } : {}),
      }
    },
  })
}
