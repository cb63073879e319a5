// Cards at the desk. CGU-14: a QSCD; CGU-49, CGU-50: « code PIN de la carte, défini par le porteur lors de l’obtention du
// certificat et qui est sous son contrôle exclusif » — the PIN itself never comes near a command.
import { card, isAllotted, type AllottedCard, type Card, type CardEvent } from '../domain/card.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { CardKind, PinOccasion } from '../domain/lists.ts'
import { notAllottable, slotsOf } from '../domain/policy/cards.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { request, type Request } from '../domain/request.ts'

export type AllotCard = Command<
  'AllotCard',
  {
    card: string
    request: string
    model: string
    chipNumber: string
    kind: CardKind
    serials: readonly string[]
  }
>
export type RecordCardWriting = Command<
  'RecordCardWriting',
  | { card: string; written: true; decryptionTested: boolean; attempts?: number }
  | { card: string; written: false; stage: string; fault: string }
>
export type DefinePin = Command<'DefinePin', { card: string }>
export type ReleaseCard = Command<'ReleaseCard', { card: string; cause: string }>

const stream = ({ data }: { data: { card: string } }): string => data.card

type Files = Readonly<{ file: Request; holding: Request }>

export const allotCard = (policy: Policy): Decider<Card, AllotCard, CardEvent, Files> => ({
  type: 'AllotCard',
  // CGU-58: the holder who renews alone puts in the card that he was given.
  who: ['raOfficer', 'program', 'holder'],
  aggregate: card,
  stream,
  facts: async (fold, { data }, state) => ({
    file: await fold(request, data.request),
    holding: isAllotted(state) ? await fold(request, state.request) : request.initial,
  }),
  decide: ({ data, by }, state, { file, holding }) => {
    if (file.status !== 'inSession' || file.session?.card !== data.card)
      return refuse('CGU-34', 'OUT_OF_ORDER', file.status)
    if (by.role === 'holder' && (file.session.presence !== 'selfService' || file.person !== by.person))
      return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
    const { person } = file
    const wanted = { ...data, person, keys: data.serials.length }
    const { card: _, ...allotment } = data
    return (
      notAllottable(policy, state, wanted, holding) ??
      accept({
        type: 'CardAllotted',
        data: {
          ...allotment,
          serials: [...data.serials],
          session: file.session.number,
          person,
          slots: slotsOf(policy, data.model) ?? 0,
        },
      })
    )
  },
})

export const recordCardWriting: Decider<Card, RecordCardWriting, CardEvent> = {
  type: 'RecordCardWriting',
  who: ['program'],
  aggregate: card,
  stream,
  decide: ({ data }, state) => {
    if (state.status === 'written' || state.status === 'inUse') return accept()
    if (state.status !== 'allotted') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    const serials = [...state.serials]
    if (!data.written)
      return accept({ type: 'CardWriteFailed', data: { serials, stage: data.stage, fault: data.fault } })
    return accept({
      type: 'CardWritten',
      data: { serials, decryptionTested: data.decryptionTested, attempts: data.attempts ?? 1 },
    })
  },
}

/** The first PIN of a card that renews another one is the renewal's. */
const occasionOf = ({ pinFor }: AllottedCard, file: Request): PinOccasion =>
  pinFor === 'issuance' && file.status !== 'unknown' && file.kind === 'renewal' ? 'renewal' : pinFor

export const definePin = (policy: Policy): Decider<Card, DefinePin, CardEvent, Request> => ({
  type: 'DefinePin',
  who: ['holder'],
  aggregate: card,
  stream,
  facts: async (fold, _, state) => (isAllotted(state) ? await fold(request, state.request) : request.initial),
  decide: ({ by }, state, file) => {
    if (!isAllotted(state)) return refuse('CGU-50', 'OUT_OF_ORDER', state.status)
    if (state.person !== by.person) return refuse('CGU-50', 'PIN_HOLDER_ONLY', by.role)
    if (state.status !== 'written') return refuse('CGU-50', 'OUT_OF_ORDER', state.status)
    return accept({
      type: 'CardPinDefined',
      data: { occasion: occasionOf(state, file), triesAllowed: policy.card.pinTries },
    })
  },
})

export const releaseCard: Decider<Card, ReleaseCard, CardEvent> = {
  type: 'ReleaseCard',
  who: ['raOfficer', 'program'],
  aggregate: card,
  stream,
  decide: ({ data }, state) =>
    state.status === 'allotted' ? accept({ type: 'CardReleased', data: { cause: data.cause } }) : accept(),
}
