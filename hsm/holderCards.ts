// What a card that stands in for a QSCD does for its holder, beside what any card does at the desk.
import type { Cards } from '../pki/custody.ts'

/** The PIN is not the card's. At 0 tries the card is blocked, and no PIN is looked at any more. */
export class PinRefused extends Error {
  override readonly name = 'PinRefused'
  readonly triesLeft: number
  constructor(triesLeft: number) {
    super(triesLeft === 0 ? 'the card is blocked' : `wrong PIN, ${triesLeft} tries left`)
    this.triesLeft = triesLeft
  }
}

export type HolderCards = Cards &
  Readonly<{
    /**
     * RSA-OAEP with the key of `serial`.
     * @throws PinRefused; KeyFault when the card has no such key or the ciphertext is none of its own
     */
    decrypt: (
      asked: Readonly<{
        card: string
        pin: string
        serial: string
        ciphertext: Uint8Array
        hash?: 'sha1' | 'sha256'
      }>,
    ) => Promise<Buffer>
    /** Tries that are left; 0: blocked. */
    triesLeft: (card: string) => Promise<number>
  }>
