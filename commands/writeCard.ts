// P1, step 9: the card is written, and each key on it tested. A reader that fails is given another try; what does not come about
// after that never will with this card. A card that is not there, or has another one in its place, has not failed: the same session goes
// on once it is back.
import { isNotThatCard } from '../pki/cardFault.ts'
import type { CardKey, Cards } from '../pki/custody.ts'
import { faultCodeOf } from './program.ts'

// Where jobs find it, which know nothing of cards themselves.
export { isNotThatCard }

type Stage = 'begin' | 'write' | 'test'
export type Writing =
  | Readonly<{ written: true; decryptionTested: boolean; attempts: number }>
  | Readonly<{ written: false; stage: Stage; fault: string }>

const mostAttempts = 3

export type Wanted = Readonly<{
  card: string
  /** What the card bears in the end, newest first. */
  serials: readonly string[]
  /** The keys of these serials, from the escrow, for the card that made this transport key. */
  keysFor: (transportKey: Uint8Array) => Promise<readonly CardKey[]>
}>

/** The kind of a fault, never its message: that may name what the card holds. One of custody says by its code which it is. */
const kindOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'KeyFault') return faultCodeOf(error)
  return /^[A-Za-z0-9._-]{1,64}$/.test(error.name) ? error.name : 'unknown'
}

/** A step of the card's own: what the escrow or the ledger throws in between is not the card's failure. */
class StepFailed extends Error {
  readonly stage: Stage
  constructor(stage: Stage, cause: unknown) {
    super(stage, { cause })
    this.stage = stage
  }
}

const step = async <T>(stage: Stage, act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    throw new StepFailed(stage, error)
  }
}

type Prepared = Readonly<{ transportKey: Uint8Array; keys: readonly CardKey[] }>

/** The keys for this transport key; those that were prepared for it before, where there are some. */
const prepare = async (
  { keysFor }: Wanted,
  transportKey: Uint8Array,
  before: Prepared | undefined,
): Promise<Prepared> =>
  before !== undefined && Buffer.from(transportKey).equals(before.transportKey)
    ? before
    : { transportKey, keys: await keysFor(transportKey) }

const bears = (found: readonly string[], serials: readonly string[]): boolean =>
  found.length === serials.length && serials.every((serial, i) => found[i] === serial)

/** What there is to record of the last failure. @throws CardUnreachable; CardFault of another card: there is nothing to record of this one */
const failureOf = ({ stage, cause }: StepFailed): Writing => {
  if (isNotThatCard(cause)) throw cause
  return { written: false, stage, fault: cause === undefined ? 'decryptionFailed' : kindOf(cause) }
}

/**
 * Writes the keys on the card, once more after each fault, as often as makes sense. A card that bears them already, since a crash
 * came between it and the ledger, is only tested.
 * @throws CardUnreachable, CardFault of another card in its place, and whatever `keysFor` throws: give it again
 */
export const tryWriting = async (
  cards: Pick<Cards, 'begin' | 'write' | 'read' | 'testDecryption'>,
  wanted: Wanted,
): Promise<Writing> => {
  const { card, serials } = wanted
  let prepared: Prepared | undefined
  const write = async (): Promise<void> => {
    const { transportKey } = await step('begin', () => cards.begin(card))
    prepared = await prepare(wanted, transportKey, prepared)
    const { keys } = prepared
    await step('write', () => cards.write({ card, keys }))
  }
  const attempt = async (isFirst: boolean): Promise<void> => {
    const isWritten = isFirst && bears(await step('begin', () => cards.read(card)), serials)
    if (!isWritten) await write()
    if (!(await step('test', () => cards.testDecryption(card)))) throw new StepFailed('test', undefined)
  }
  for (let attempts = 1; ; attempts += 1)
    try {
      await attempt(attempts === 1)
      return { written: true, decryptionTested: true, attempts }
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error
      if (attempts === mostAttempts) return failureOf(error)
    }
}
