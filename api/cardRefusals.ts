// A card that is not there, or does not do what it is asked, is refused to whoever asked: the same for every driver.
import type { Refusal } from '../domain/kernel.ts'
import { CardFault, type CardFaultKind } from '../pki/cardFault.ts'
import { CardUnreachable } from '../pki/custody.ts'

const refusals: Readonly<Record<CardFaultKind, Pick<Refusal, 'code' | 'clause'>>> = {
  CardForeign: { code: 'CARD_FOREIGN', clause: 'CGU-34' },
  CardAmbiguous: { code: 'CARD_AMBIGUOUS', clause: 'CGU-34' },
  CardUnsupported: { code: 'CARD_UNSUPPORTED', clause: 'CGU-14' },
  CardFull: { code: 'CARD_NOT_QUALIFIED', clause: 'CGU-14' },
  CardKeySize: { code: 'CARD_CANNOT_HOLD_KEY', clause: 'CGU-14' },
  CardNotBegun: { code: 'CARD_NOT_READY', clause: 'CGU-34' },
  CardNotWritten: { code: 'CARD_NOT_READY', clause: 'CGU-34' },
  CardKeyRefused: { code: 'CARD_FAULTY', clause: 'CGU-99' },
  CardReadBack: { code: 'CARD_FAULTY', clause: 'CGU-99' },
  CardRefused: { code: 'CARD_FAULTY', clause: 'CGU-99' },
  CardSecretRefused: { code: 'CARD_SECRET_REFUSED', clause: 'CGU-53' },
  CardBlocked: { code: 'CARD_BLOCKED', clause: 'CGU-51' },
  CardPinUnsuitable: { code: 'CARD_PIN_UNSUITABLE', clause: 'CGU-49' },
}

/** The refusal that a driver's fault is, in detail as the driver names it; undefined for any other error. */
export const cardRefusalOf = (error: unknown): Refusal | undefined => {
  // Absent, pulled out, held by another program, a reader that fails.
  if (error instanceof CardUnreachable)
    return { code: 'CARD_UNREACHABLE', clause: 'CGU-34', detail: error.name }
  return error instanceof CardFault ? { ...refusals[error.name], detail: error.name } : undefined
}
