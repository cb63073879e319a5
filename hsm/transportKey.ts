// Keys of others that holders' keys go out under: the transport key of a card, which makes the pair and keeps the private half; and the key
// of who takes the escrow over.
import { createPublicKey, type KeyObject } from 'node:crypto'
import { KeyFault } from './keyFault.ts'

const fewestBits = 2048
const mostBits = 4096
/** Of who takes the escrow over: its keys are used for ten years more. */
const fewestOfSuccessor = 3072
const mostOfSuccessor = 8192
const leastExponent = 65_537n

const unusable = (whose: string, why: string): KeyFault =>
  new KeyFault(`${whose} is ${why}`, { code: 'transportKeyUnusable' })

const parse = (whose: string, spki: Uint8Array): KeyObject => {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    throw unusable(whose, 'no public key')
  }
}

const rsaKeyOf = (whose: string, spki: Uint8Array, [fewest, most]: readonly [number, number]): KeyObject => {
  const key = parse(whose, spki)
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa') throw unusable(whose, 'not an RSA key')
  if (modulusLength < fewest || modulusLength > most || publicExponent < leastExponent)
    throw unusable(whose, `too weak, or too long: ${modulusLength} bits`)
  return key
}

/**
 * @param spki SubjectPublicKeyInfo, DER
 * @throws KeyFault where it is not an RSA key of 2048 to 4096 bits: nothing goes out under it (RGS B1 2.2.1.1)
 */
export const transportKeyOf = (spki: Uint8Array): KeyObject =>
  rsaKeyOf('the transport key of a card', spki, [fewestBits, mostBits])

/**
 * The key of who takes the escrow over.
 * @param spki SubjectPublicKeyInfo, DER
 * @throws KeyFault where it is not an RSA key of 3072 to 8192 bits (RGS B1 2.2.1.1): nothing goes out under it
 */
export const successorKeyOf = (spki: Uint8Array): KeyObject =>
  rsaKeyOf("the successor's key", spki, [fewestOfSuccessor, mostOfSuccessor])
