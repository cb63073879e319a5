// What goes wrong with a card at a desk, each under a name of its own: the name is what is recorded.
import { CardUnreachable } from '../../pki/custody.ts'

/** No card lies in a reader that could be the one. */
export class CardAbsent extends CardUnreachable {
  override readonly name = 'CardAbsent'
}

/** The card was pulled out, or lost its power, in the middle of an act. */
export class CardRemoved extends CardUnreachable {
  override readonly name = 'CardRemoved'
}

/** Somebody else works with the card at this moment. */
export class CardBusy extends CardUnreachable {
  override readonly name = 'CardBusy'
}

/** No reader, or no PC/SC service, answers. */
export class ReaderFailed extends CardUnreachable {
  override readonly name = 'ReaderFailed'
}

/**
 * - `CardForeign`: the card is another one's, or has something on it that this service did not put there.
 * - `CardAmbiguous`: several blank cards lie in readers, and nothing says which is meant.
 * - `CardUnsupported`: not a card that this driver writes.
 * - `CardFull`, `CardKeySize`: more keys, or other ones, than the card holds.
 * - `CardNotBegun`: it has no transport key: it is to be begun first.
 * - `CardNotWritten`: it has no keys yet.
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
