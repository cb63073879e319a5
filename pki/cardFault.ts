// What a card does not do, whichever the driver: the name of the kind is what is recorded, and what a refusal is made of.
import { CardUnreachable } from './custody.ts'

/**
 * - `CardForeign`: the card is another one's, or has something on it that this service did not put there.
 * - `CardAmbiguous`: several blank cards lie in readers, and nothing says which is meant.
 * - `CardUnsupported`: not a card that this driver writes.
 * - `CardFull`, `CardKeySize`: more keys, or other ones, than the card holds.
 * - `CardNotBegun`: it has no transport key: it is to be begun first.
 * - `CardNotWritten`: it has not come to where it takes this act: it has no keys yet, or is its holder's alone.
 * - `CardKeyRefused`: a wrapped key does not open on the card, or is not the one of its certificate.
 * - `CardReadBack`: what is read back is not what was written.
 * - `CardSecretRefused`: the card does not take the PIN or the PUK that custody has for it. It is not tried again.
 * - `CardBlocked`: too many wrong PINs.
 * - `CardPinUnsuitable`: the card does not hold a PIN like that.
 * - `CardRefused`: the card answered something else than it should.
 */
export type CardFaultKind =
  | 'CardForeign'
  | 'CardAmbiguous'
  | 'CardUnsupported'
  | 'CardFull'
  | 'CardKeySize'
  | 'CardNotBegun'
  | 'CardNotWritten'
  | 'CardKeyRefused'
  | 'CardReadBack'
  | 'CardSecretRefused'
  | 'CardBlocked'
  | 'CardPinUnsuitable'
  | 'CardRefused'

/** Another try with the same card gives the same. The message names no secret. */
export class CardFault extends Error {
  override readonly name: CardFaultKind
  constructor(kind: CardFaultKind, message: string) {
    super(message)
    this.name = kind
  }
}

const ofOtherCards: readonly CardFaultKind[] = ['CardForeign', 'CardAmbiguous']

/**
 * Whether the card that is meant was not the one that was asked: it did not answer, or another one lies in its place. Nothing is known
 * of it: the same act may be given again, with the right card.
 */
export const isNotThatCard = (error: unknown): error is CardUnreachable | CardFault =>
  error instanceof CardUnreachable || (error instanceof CardFault && ofOtherCards.includes(error.name))

/** Whether it was the card, or that it was not there: whoever asked goes on without it, or asks again. */
export const isOfCard = (error: unknown): error is CardUnreachable | CardFault =>
  error instanceof CardUnreachable || error instanceof CardFault
