// Why a card is out of reach, each under a name of its own: the name is what is recorded. What a card that is there does not do has
// another class (pki/cardFault.ts).
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
