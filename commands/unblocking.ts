// CGU-52: « l’AC met à disposition du porteur exclusivement un service de déblocage de carte ». CGU-53: « le porteur doit se
// rapprocher d’un opérateur de déblocage habilité ». The card is opened by its own PUK, which no person sees; the PIN that was is known to nobody, and the
// holder defines a new one.
import { card, isAllotted, type Card, type CardEvent } from '../domain/card.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { IdentityMethod, Role } from '../domain/lists.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { CardFault, isNotThatCard, isOfCard } from '../pki/cardFault.ts'
import type { Cards } from '../pki/custody.ts'
import { perform, type Service } from './program.ts'

export type StartUnblocking = Command<
  'StartUnblocking',
  {
    card: string
    /** Who asked the operator for it. */
    askedBy: Role
    identityMethod: IdentityMethod
    documentNumber?: string
    method: 'puk' | 'challenge'
  }
>
export type RecordUnblocking = Command<
  'RecordUnblocking',
  { card: string } & ({ unblocked: true } | { unblocked: false; fault: string; triesLeft?: number })
>

export const startUnblocking: Decider<Card, StartUnblocking, CardEvent> = {
  type: 'StartUnblocking',
  who: ['unblockingOperator'],
  aggregate: card,
  stream: ({ data }) => data.card,
  decide: ({ data, by }, state) => {
    if (!isAllotted(state)) return refuse('CGU-53', 'OUT_OF_ORDER', state.status)
    if (data.askedBy !== 'holder') return refuse('CGU-52', 'UNBLOCKING_HOLDER_ONLY', data.askedBy)
    // « le porteur doit se rapprocher d’un opérateur »: nobody vouches for him, no file stands for him.
    if (data.identityMethod !== 'inPerson')
      return refuse('CGU-53', 'IDENTITY_DOCUMENT_REQUIRED', 'identityMethod')
    if ((data.documentNumber ?? '').trim() === '')
      return refuse('CGU-53', 'IDENTITY_DOCUMENT_REQUIRED', 'documentNumber')
    const forbidden = notForOneself(by, state.person)
    if (forbidden) return forbidden
    if (state.status !== 'blocked') return refuse('CGU-53', 'OUT_OF_ORDER', state.status)
    const { askedBy, identityMethod, method, documentNumber = '' } = data
    return accept({
      type: 'CardUnblockingStarted',
      data: { askedBy, identityMethod, method, documentNumber },
    })
  },
}

export const recordUnblocking: Decider<Card, RecordUnblocking, CardEvent> = {
  type: 'RecordUnblocking',
  who: ['program'],
  aggregate: card,
  stream: ({ data }) => data.card,
  decide: ({ data }, state) => {
    if (state.status !== 'unblocking') return refuse('CGU-53', 'OUT_OF_ORDER', state.status)
    if (data.unblocked) return accept({ type: 'CardUnblocked', data: {} })
    const { fault, triesLeft } = data
    return accept({
      type: 'CardUnblockFailed',
      data: { fault, ...(triesLeft === undefined ? {} : { triesLeft }) },
    })
  },
}

/**
 * Carries an unblocking that was begun to its outcome; given again, it goes on, or changes nothing. What a card that is there does not do
 * is an outcome too: it is blocked as before, and may be brought again. What another card in its place does says nothing of it.
 * @throws CardUnreachable, CardFault of another card, faults of the ledger: call it again; any other CardFault, which was recorded
 */
export const unblockCard = async (
  { service, cards }: Readonly<{ service: Service; cards: Pick<Cards, 'unblock'> }>,
  id: string,
): Promise<void> => {
  const { state } = await service.ledger.load(card, id)
  if (state.status !== 'unblocking') return
  let fault: CardFault | undefined
  const outcome = await cards.unblock(id).catch((error: unknown) => {
    if (isNotThatCard(error) || !(error instanceof CardFault)) throw error
    fault = error
    return { unblocked: false, fault: error.name } as const
  })
  await perform(service, recordUnblocking, {
    // The number of the try names the intent: each begun unblocking has one outcome.
    key: `${id}|${state.unblockings + 1}`,
    data: { card: id, ...outcome },
    circumstances: { correlationId: state.request },
  })
  if (fault !== undefined) throw fault
}

/** Where nobody waits for the answer: one whose card is not there, or has another in its place, is asked again at the next turn, of one that fails it is recorded. */
export const unblockLater = async (...asked: Parameters<typeof unblockCard>): Promise<void> => {
  try {
    await unblockCard(...asked)
  } catch (error) {
    if (!isOfCard(error)) throw error
  }
}
