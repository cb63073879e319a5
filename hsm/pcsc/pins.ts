// The PINs of the card. The card bears custody's mark before one of them is tried: whoever has another master key blocks nothing.
import { demand, send, sw, type Channel } from './channel.ts'
import { CardFault } from '../../pki/cardFault.ts'
import { custodyPin } from './layout.ts'
import { pinReference } from './pkcs15.ts'
import { paddedPin, type CardSecrets } from './secrets.ts'

/** Tries in a row that custody's own secrets have. */
export const custodyTries = 3
export const pukTries = 10

/** Makes the holder's PIN, with the PUK, and custody's own. The card has no rules yet. */
export const createPins = async (channel: Channel, secrets: CardSecrets, pinTries: number): Promise<void> => {
  const create = (reference: number, pin: Buffer, puk: Buffer, tries: readonly [number, number]) =>
    demand(channel, {
      ins: 0xda,
      p1: 0x01,
      p2: reference,
      data: Buffer.concat([pin, puk, Uint8Array.of(...tries, 0)]),
    })
  await create(pinReference, secrets.pin, secrets.puk, [pinTries, pukTries])
  await create(custodyPin, secrets.custody, secrets.puk, [custodyTries, pukTries])
}

/** Tries that are left of a PIN; undefined when it was verified, so that all are. */
const triesLeft = async (channel: Channel, reference: number): Promise<number | undefined> => {
  const answer = await send(channel, { ins: 0x20, p2: reference })
  if (answer.sw === sw.done) return undefined
  if (answer.sw === sw.blocked) return 0
  if ((answer.sw & 0xfff0) === 0x63c0) return answer.sw & 0x0f
  throw new CardFault('CardRefused', `the card answered ${answer.sw.toString(16)} to VERIFY`)
}

export const isBlocked = async (channel: Channel): Promise<boolean> =>
  (await triesLeft(channel, pinReference)) === 0

const verify = async (channel: Channel, reference: number, pin: Buffer): Promise<void> => {
  const { sw: status } = await send(channel, { ins: 0x20, p2: reference, data: pin })
  if (status !== sw.done) throw new CardFault('CardSecretRefused', 'the card does not take custody’s PIN')
}

/** What the PUK did: nothing, or the new PIN counts. */
export type Reset = Readonly<{ done: true } | { done: false; triesLeft: number }>

/** RESET RETRY COUNTER with the PUK. @param pin at most eight characters */
export const resetPin = async (
  channel: Channel,
  { puk }: CardSecrets,
  pin: string | Buffer,
  reference = pinReference,
): Promise<Reset> => {
  const value = typeof pin === 'string' ? paddedPin(pin) : pin
  const data = Buffer.concat([puk, value])
  try {
    const { sw: status } = await send(channel, { ins: 0x2c, p2: reference, data })
    if (status === sw.done) return { done: true }
    if (status === sw.blocked) return { done: false, triesLeft: 0 }
    if ((status & 0xfff0) === 0x63c0) return { done: false, triesLeft: status & 0x0f }
    throw new CardFault('CardRefused', `the card answered ${status.toString(16)} to RESET RETRY COUNTER`)
  } finally {
    data.fill(0)
  }
}

/** As `resetPin`, where there is no way on without. @throws CardFault `CardSecretRefused` */
export const demandReset = async (
  channel: Channel,
  secrets: CardSecrets,
  pin: string | Buffer,
  reference = pinReference,
): Promise<void> => {
  const { done } = await resetPin(channel, secrets, pin, reference)
  if (!done) throw new CardFault('CardSecretRefused', 'the card does not take custody’s PUK')
}

/**
 * Custody's own PIN. Its holder may have blocked it with tries of his own; the PUK opens it then. @throws CardFault
 * `CardSecretRefused`
 */
export const openForCustody = async (channel: Channel, secrets: CardSecrets): Promise<void> => {
  const left = await triesLeft(channel, custodyPin)
  if (left === undefined) return
  if (left === 0) await demandReset(channel, secrets, secrets.custody, custodyPin)
  await verify(channel, custodyPin, secrets.custody)
}

/** The holder's PIN while it is not his yet. It has all its tries, or the holder has it. */
export const openAtDesk = async (channel: Channel, { pin }: CardSecrets, pinTries: number): Promise<void> => {
  const left = await triesLeft(channel, pinReference)
  if (left === undefined) return
  if (left < pinTries) throw new CardFault('CardSecretRefused', 'the card has refused its first PIN before')
  await verify(channel, pinReference, pin)
}
