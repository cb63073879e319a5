// Cards: one physical card (QSCD) from allotment to scrap (CGU-14, CGU-34, CGU-49, CGU-50, CGU-99).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { b, code, id, n, sn, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { cardKind, pinOccasion, scrapCause, scrapMethod } from './lists.ts'

const CardAllotted = event('CardAllotted', {
  pub: {
    request: id,
    session: n,
    person: id,
    kind: cardKind,
    model: code,
    slots: n,
    serials: Type.Array(sn),
  },
  sealed: { reg: { chipNumber: text } },
})
const CardWritten = event('CardWritten', {
  pub: { serials: Type.Array(sn), decryptionTested: b, attempts: n },
})
const CardWriteFailed = event('CardWriteFailed', {
  pub: { serials: Type.Array(sn), stage: code, fault: code },
})
const CardReleased = event('CardReleased', { pub: { cause: code } })
const CardPinDefined = event('CardPinDefined', { pub: { occasion: pinOccasion, triesAllowed: n } })
const CardScrapped = event('CardScrapped', {
  pub: { cause: scrapCause, method: scrapMethod },
  sealed: { reg: { minutes: Type.Optional(text) } },
})

export const cardForms = [
  CardAllotted,
  CardWritten,
  CardWriteFailed,
  CardReleased,
  CardPinDefined,
  CardScrapped,
] as const
export type CardEvent = EventOf<(typeof cardForms)[number]>

type Allotment = Readonly<{ request: string; session: number; person: string; serials: readonly string[] }>
export type Card =
  | Readonly<{ status: 'unknown' }>
  | (Allotment & Readonly<{ status: 'allotted' | 'written' | 'inUse' | 'spoiled' | 'released' | 'scrapped' }>)

const evolve = (state: Card, { type, data }: CardEvent): Card => {
  if (type === 'CardAllotted')
    return {
      status: 'allotted',
      request: data.request,
      session: data.session,
      person: data.person,
      serials: data.serials,
    }
  if (state.status === 'unknown') throw new Error(`${type} before CardAllotted`)
  switch (type) {
    case 'CardWritten':
      return { ...state, status: 'written' }
    case 'CardWriteFailed':
      return { ...state, status: 'spoiled' }
    case 'CardReleased':
      return { ...state, status: 'released' }
    case 'CardPinDefined':
      return { ...state, status: 'inUse' }
    case 'CardScrapped':
      return { ...state, status: 'scrapped' }
    default:
      return unreachable(type)
  }
}

export const card: Aggregate<Card, CardEvent> = {
  name: 'card',
  initial: { status: 'unknown' },
  evolve,
  ...codec(cardForms),
  units: (_, state) => (state.status === 'unknown' ? {} : { reg: state.request }),
}
