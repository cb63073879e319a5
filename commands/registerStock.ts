// CGU-14: a card is known from the day on which it comes into the stock of a registration authority, before it is anybody's.
import { card, type Card, type CardEvent } from '../domain/card.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { CardKind } from '../domain/lists.ts'
import { slotsOf } from '../domain/policy/cards.ts'
import type { Policy } from '../domain/policy/policy.ts'

export type RegisterStock = Command<
  'RegisterStock',
  {
    card: string
    model: string
    kind: CardKind
    ra: string
    chipNumber: string
    /** The card that the register of chips has under this number already, looked up by the shell. */
    known?: string
  }
>

export const registerStock = (policy: Policy): Decider<Card, RegisterStock, CardEvent, Card | undefined> => ({
  type: 'RegisterStock',
  who: ['raOfficer'],
  aggregate: card,
  stream: ({ data }) => data.card,
  facts: async (fold, { data }) => (data.known === undefined ? undefined : await fold(card, data.known)),
  decide: ({ data }, state, known) => {
    if (state.status !== 'unknown') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    if (slotsOf(policy, data.model) === undefined) return refuse('CGU-14', 'CARD_NOT_QUALIFIED', data.model)
    if (known !== undefined && 'chipNumber' in known && known.chipNumber === data.chipNumber)
      return refuse('CGU-34', 'OUT_OF_ORDER', 'chipNumber')
    const { model, kind, ra, chipNumber } = data
    return accept({ type: 'CardStocked', data: { model, kind, ra, chipNumber } })
  },
})
