// What the module says of a card, by the names that every driver of cards has for it (pki/cardFault.ts).
import { CardFault, type CardFaultKind } from '../../pki/cardFault.ts'
import { ModuleFault, type FaultKind } from '../pkcs11/fault.ts'

/** Another try with the same card gives the same. A PIN that the module refused comes as `notAllowed` (process.ts). */
const kinds: Partial<Record<FaultKind, CardFaultKind>> = {
  integrity: 'CardReadBack',
  wrapped: 'CardKeyRefused',
  otherKey: 'CardKeyRefused',
  notAllowed: 'CardRefused',
}

/** A fault of the module as one of the card; anything else as it is. */
export const cardFaultOf = (error: unknown): unknown => {
  const kind = error instanceof ModuleFault ? kinds[error.kind] : undefined
  return kind === undefined ? error : new CardFault(kind, (error as Error).message)
}
