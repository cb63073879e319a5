// The transport key of a card: the card makes the pair, keeps the private half, and a holder's key goes out under the public one.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { KeyFault } from './keyFault.ts'

const fewestBits = 2048
const mostBits = 4096
const leastExponent = 65_537n

const unusable = (why: string): KeyFault =>
  new KeyFault(`the transport key of a card is ${why}`, { code: 'transportKeyUnusable' })

const parse = (spki: Uint8Array): KeyObject => {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    throw unusable('no public key')
  }
}

/**
 * @param spki SubjectPublicKeyInfo, DER
 * @throws KeyFault where it is not an RSA key of 2048 to 4096 bits: nothing goes out under it (RGS B1 2.2.1.1)
 */
export const transportKeyOf = (spki: Uint8Array): KeyObject => {
  const key = parse(spki)
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa') throw unusable('not an RSA key')
  if (modulusLength < fewestBits || modulusLength > mostBits || publicExponent < leastExponent)
    throw unusable(`too weak, or too long: ${modulusLength} bits`)
  return key
}
