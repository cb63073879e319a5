// CGU-14: « des certificats stockés dans un dispositif matériel de type QSCD ».
// CGU-34: one session has a card, and a card is in one session. CGU-43: nobody's card but the holder's own.
// CGU-99: « pour que l’AE mette au rebut de la carte et révoque le certificat correspondant ».
import { isAllotted, type AllottedCard, type Card } from '../card.ts'
import { refuse, type Decision } from '../kernel.ts'
import type { CardKind, RevocationCause, ScrapCause } from '../lists.ts'
import type { Request } from '../request.ts'
import type { Policy } from './policy.ts'

/** A card as it lies on the desk, and for whom it is wanted. */
export type Wanted = Readonly<{
  card: string
  person: string
  kind: CardKind
  model: string
  chipNumber: string
  /** Keys that go on it. */
  keys: number
}>

/** Whether the session that took the card is still open. @param holding the request that the card was allotted to */
export const isInSession = (card: string, state: AllottedCard, holding: Request): boolean =>
  holding.status === 'inSession' && holding.session?.card === card && holding.session.number === state.session

/** What a card may be taken from: nothing known of it, the stock, a session that gave it up, its own holder's use. */
const free: readonly Card['status'][] = ['unknown', 'inStock', 'released', 'inUse']

const taken = (state: Card, wanted: Wanted, holding: Request): Decision<never> | undefined => {
  const { status } = state
  const inSession = status === 'allotted' || (isAllotted(state) && isInSession(wanted.card, state, holding))
  if (inSession) return refuse('CGU-34', 'CARD_BUSY', status)
  if (status === 'inUse' && state.person !== wanted.person)
    return refuse('CGU-43', 'CARD_OF_ANOTHER_HOLDER', status)
  return free.includes(status) ? undefined : refuse('CGU-34', 'OUT_OF_ORDER', status)
}

/** The card on the desk must be the one that was registered. */
const differs = (state: Card, wanted: Wanted): Decision<never> | undefined => {
  if (state.status === 'unknown') return undefined
  if (state.chipNumber === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'chipNumber')
  const field =
    (state.chipNumber !== wanted.chipNumber && 'chipNumber') ||
    (state.model !== wanted.model && 'model') ||
    (state.kind !== wanted.kind && 'kind')
  return field === false ? undefined : refuse('CGU-14', 'CARD_NOT_QUALIFIED', field)
}

/** How many keys a model holds; undefined where it is no QSCD that is accepted. */
export const slotsOf = (policy: Policy, model: string): number | undefined =>
  policy.card.models.find(({ code }) => code === model)?.slots

/** What the driver of the cards takes, and of which model. */
export type CardDriver = Readonly<{ model: string; keySizes: readonly number[]; slots: number }>
/** Keys that a card has room for, and their sizes in bits. */
export type CardRoom = Readonly<{ slots: number; keySizes: readonly number[] }>

/**
 * What a card of this model takes, by the policy and by the driver: nothing, where the driver is for another model.
 * @returns undefined where it is no QSCD that is accepted
 */
export const roomOn = (policy: Policy, driver: CardDriver, model: string): CardRoom | undefined => {
  const slots = slotsOf(policy, model)
  if (slots === undefined) return undefined
  return driver.model === model
    ? { slots: Math.min(slots, driver.slots), keySizes: driver.keySizes }
    : { slots: 0, keySizes: [] }
}

/** CGU-60: every certificate has a new key of this size (`holder.algorithm`). */
const holderKeyBits = 3072

/** Before a session begins: a card that the new key cannot go onto is no device of the holder's. */
export const notHeld = ({ slots, keySizes }: CardRoom): Decision<never> | undefined =>
  slots > 0 && keySizes.includes(holderKeyBits)
    ? undefined
    : refuse('CGU-14', 'CARD_CANNOT_HOLD_KEY', `rsa${holderKeyBits}`)

/**
 * The refusal that the allotment of a card meets, if any.
 * @param holding the request whose session had the card last
 */
export const notAllottable = (
  policy: Policy,
  state: Card,
  wanted: Wanted,
  holding: Request,
): Decision<never> | undefined => {
  const slots = slotsOf(policy, wanted.model)
  if (slots === undefined || wanted.keys > slots) return refuse('CGU-14', 'CARD_NOT_QUALIFIED', wanted.model)
  return taken(state, wanted, holding) ?? differs(state, wanted)
}

/**
 * Causes for which the certificates of a scrapped card are revoked. What a session scraps it has revoked as far as it had been
 * signed; a card that a renewal replaced leaves its certificate to run to its end (CGU-59).
 */
export const revokingCauses = ['faulty', 'returned', 'found'] as const satisfies readonly ScrapCause[]

/** Why the certificates of a card are to be revoked; undefined while they are not. */
export const revocationCauseOf = (state: AllottedCard): RevocationCause | undefined => {
  if (state.incident === 'stolen') return 'cardStolen'
  if (state.incident === 'lost') return 'cardLost'
  if (state.status !== 'scrapped') return undefined
  const { cause } = state
  if (cause === 'faulty') return 'cardFaulty'
  return (revokingCauses as readonly ScrapCause[]).includes(cause) ? 'unspecified' : undefined
}
