// Cards: one physical card (QSCD) from the stock, or from allotment, to scrap (CGU-14, CGU-34, CGU-49 to CGU-53, CGU-99).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { b, code, id, n, sn, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import {
  cardFunction,
  cardKind,
  identityMethod,
  incident,
  pinOccasion,
  role,
  scrapCause,
  scrapMethod,
  unblockMethod,
  type CardKind,
  type Incident,
  type PinOccasion,
  type ScrapCause,
  type ScrapMethod,
} from './lists.ts'

const optional = Type.Optional

const CardStocked = event('CardStocked', {
  pub: { model: code, kind: cardKind, ra: code },
  sealed: { reg: { chipNumber: text } },
})
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
const CardIncidentReported = event('CardIncidentReported', {
  pub: { incident, function: optional(cardFunction), reporterRole: role },
  sealed: { reg: { note: optional(text) } },
})
const CardUnblockingStarted = event('CardUnblockingStarted', {
  pub: { askedBy: role, identityMethod, method: unblockMethod },
  sealed: { reg: { documentNumber: optional(text) } },
})
const CardUnblocked = event('CardUnblocked', { pub: {} })
const CardUnblockFailed = event('CardUnblockFailed', { pub: { fault: code, triesLeft: optional(n) } })
const CardScrapped = event('CardScrapped', {
  pub: { cause: scrapCause, method: scrapMethod },
  sealed: { reg: { minutes: optional(text) } },
})

export const cardForms = [
  CardStocked,
  CardAllotted,
  CardWritten,
  CardWriteFailed,
  CardReleased,
  CardPinDefined,
  CardIncidentReported,
  CardUnblockingStarted,
  CardUnblocked,
  CardUnblockFailed,
  CardScrapped,
] as const
export type CardEvent = EventOf<(typeof cardForms)[number]>

/** The thing itself. `chipNumber` is absent once its data key has been destroyed. */
type Chip = Readonly<{ model: string; kind: CardKind; chipNumber: string | undefined; stocked: boolean }>
/** What the session that has it put on it, and for whom. */
type Allotment = Chip &
  Readonly<{
    request: string
    session: number
    person: string
    serials: readonly string[]
    /** What it bore in its holder's use, before this session. */
    bore: readonly string[]
    /** What the next PIN is for. */
    pinFor: PinOccasion
    incident: Incident | undefined
    /** Unblockings that have come to an outcome. */
    unblockings: number
  }>
/** A card in use that is written anew: what it is again when the session gives it up unwritten. */
type InUse = Allotment & Readonly<{ status: 'inUse' }>
export type Card =
  | Readonly<{ status: 'unknown' }>
  /** Never allotted, or given back to the stock. */
  | (Chip & Readonly<{ status: 'inStock' }>)
  | (Chip & Readonly<{ status: 'discarded'; cause: ScrapCause; method: ScrapMethod }>)
  | (Allotment & Readonly<{ status: 'allotted'; before: InUse | undefined }>)
  | (Allotment &
      Readonly<{
        status: 'written' | 'spoiled' | 'released' | 'blocked' | 'faulty' | 'lost' | 'unblocking'
      }>)
  | (Allotment & Readonly<{ status: 'scrapped'; cause: ScrapCause; method: ScrapMethod }>)
  | InUse
export type AllottedCard = Extract<Card, Allotment>

type Data<T extends CardEvent['type']> = Extract<CardEvent, { type: T }>['data']

const allot = (state: Card, data: Data<'CardAllotted'>): Card => ({
  status: 'allotted',
  model: data.model,
  kind: data.kind,
  chipNumber: opened(data.chipNumber),
  stocked: 'stocked' in state && state.stocked,
  request: data.request,
  session: data.session,
  person: data.person,
  serials: data.serials,
  bore: state.status === 'inUse' ? state.serials : [],
  pinFor: 'issuance',
  incident: undefined,
  unblockings: 0,
  before: state.status === 'inUse' ? state : undefined,
})

/** As before the session: in use, in the stock, or merely not used. */
const giveUp = (state: AllottedCard): Card => {
  if (state.status === 'allotted' && state.before !== undefined) return state.before
  const { model, kind, chipNumber, stocked } = state
  return stocked
    ? { status: 'inStock', model, kind, chipNumber, stocked }
    : { ...withoutBefore(state), status: 'released' }
}

const withoutBefore = (state: AllottedCard): Allotment => {
  if (!('before' in state)) return state
  const { before: _, ...rest } = state
  return rest
}

const afterIncident = { blocked: 'blocked', faulty: 'faulty', lost: 'lost', stolen: 'lost' } as const

const evolveAllotted = (
  state: AllottedCard,
  { type, data }: Exclude<CardEvent, { type: 'CardStocked' | 'CardAllotted' }>,
): Card => {
  const held = withoutBefore(state)
  switch (type) {
    case 'CardWritten':
      return { ...held, status: 'written' }
    case 'CardWriteFailed':
      return { ...held, status: 'spoiled' }
    case 'CardReleased':
      return giveUp(state)
    case 'CardPinDefined':
      return { ...held, status: 'inUse' }
    case 'CardIncidentReported':
      return { ...held, status: afterIncident[data.incident], incident: data.incident }
    case 'CardUnblockingStarted':
      return { ...held, status: 'unblocking' }
    case 'CardUnblocked':
      return { ...held, status: 'written', pinFor: 'unblocking', unblockings: state.unblockings + 1 }
    case 'CardUnblockFailed':
      return { ...held, status: 'blocked', unblockings: state.unblockings + 1 }
    case 'CardScrapped':
      return { ...held, status: 'scrapped', cause: data.cause, method: data.method }
    default:
      return unreachable(type)
  }
}

const evolve = (state: Card, event: CardEvent): Card => {
  const { type, data } = event
  if (type === 'CardStocked') {
    const { model, kind } = data
    return { status: 'inStock', model, kind, chipNumber: opened(data.chipNumber), stocked: true }
  }
  if (type === 'CardAllotted') return allot(state, data)
  if (isAllotted(state)) return evolveAllotted(state, event)
  if (type === 'CardScrapped' && state.status !== 'unknown')
    return { ...state, status: 'discarded', cause: data.cause, method: data.method }
  throw new Error(`${type} before CardAllotted`)
}

/** Whether a session has ever had the card, and not given it back to the stock. */
export const isAllotted = (state: Card): state is AllottedCard => 'request' in state

export const card: Aggregate<Card, CardEvent> = {
  name: 'card',
  initial: { status: 'unknown' },
  evolve,
  ...codec(cardForms),
  // A card of the stock is nobody's yet: its chip number is kept under the card itself.
  units: (id, state, { type }) => ({
    reg: type !== 'CardStocked' && isAllotted(state) ? state.request : id,
  }),
}
