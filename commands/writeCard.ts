// P1, step 9: the card is written, and each key on it tested. A reader that fails is given another try; what does not come about
// after that never will with this card.
import type { Cards, CardKey } from '../pki/custody.ts'

export type Writing =
  | Readonly<{ written: true; decryptionTested: boolean; attempts: number }>
  | Readonly<{ written: false; stage: 'write' | 'test'; fault: string }>

const mostAttempts = 3

/** The kind of a fault, never its message: that may name what the card holds. */
const faultOf = (error: unknown): string =>
  error instanceof Error && /^[A-Za-z0-9._-]{1,64}$/.test(error.name) ? error.name : 'unknown'

/** Writes the keys on the card, once more after each fault, as often as makes sense. */
export const tryWriting = async (
  cards: Pick<Cards, 'write' | 'testDecryption'>,
  wanted: Readonly<{ card: string; keys: readonly CardKey[] }>,
): Promise<Writing> => {
  let failed: Extract<Writing, { written: false }> | undefined
  for (let attempts = 1; attempts <= mostAttempts; attempts += 1) {
    let stage: 'write' | 'test' = 'write'
    try {
      await cards.write(wanted)
      stage = 'test'
      if (await cards.testDecryption(wanted.card)) return { written: true, decryptionTested: true, attempts }
      failed = { written: false, stage, fault: 'decryptionFailed' }
    } catch (error) {
      failed = { written: false, stage, fault: faultOf(error) }
    }
  }
  return failed ?? { written: false, stage: 'write', fault: 'unknown' }
}
