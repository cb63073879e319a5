import { refuse, status, type Command } from './apdu.ts'
import { changePin, resetPin, triesStatus, verifyPin, type PinRecord } from './pins.ts'
import type { Card } from './state.ts'

const recordOf = ({ memory }: Card, reference: number): PinRecord =>
  memory.pins.get(reference) ?? refuse(status.noSuchData)

/** VERIFY; without data it only says how it stands. */
export const verify = (card: Card, { p2, data }: Command): void => {
  const record = recordOf(card, p2)
  const { verified } = card.session
  if (data.length === 0) {
    if (!verified.has(p2)) refuse(triesStatus(record.pin))
    return
  }
  verified.delete(p2)
  verifyPin(record, data)
  verified.add(p2)
}

/** CHANGE REFERENCE DATA. */
export const change = (card: Card, { p2, data }: Command): void => {
  card.session.verified.delete(p2)
  changePin(recordOf(card, p2), data)
}

/** RESET RETRY COUNTER: by the PUK. */
export const reset = (card: Card, { p2, data }: Command): void => {
  card.session.verified.delete(p2)
  resetPin(recordOf(card, p2), data)
}
