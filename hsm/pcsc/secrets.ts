// The PINs and PUKs of cards that custody has for itself. They are derived when they are wanted, and no person ever sees one.
import { subkey } from '../box.ts'

/**
 * The holder's PIN until he defines one, the PUK of it, and custody's own PIN; and a mark that is no secret: by it a card is known,
 * and that its secrets are this custody's, before one of them is tried.
 */
export type CardSecrets = Readonly<{ pin: Buffer; puk: Buffer; custody: Buffer; mark: Buffer }>

/** What MyEID keeps: eight octets, filled up with FF. */
export const pinOctets = 8
export const paddedPin = (pin: string): Buffer =>
  Buffer.alloc(pinOctets, 0xff).fill(pin, 0, pin.length, 'latin1')

/** @param master 32 octets @returns the secrets of a card, 48 bits each: the card counts the tries */
export const secretsFrom = (master: Uint8Array): ((card: string) => CardSecrets) => {
  const key = subkey(master, 'pcsc-cards')
  const secret = (use: string, card: string): Buffer =>
    Buffer.from(subkey(key, `${use}|${card}`).subarray(0, 6).toString('base64url'), 'latin1')
  return (card) => ({
    pin: secret('pin', card),
    puk: secret('puk', card),
    custody: secret('custody', card),
    mark: subkey(key, `mark|${card}`),
  })
}
