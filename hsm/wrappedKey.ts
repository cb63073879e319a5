// One holder key from the wrapped to the clear and back, in software. What is clear here is overwritten here, or by whoever it is
// given.
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { KeyFault } from './keyFault.ts'
import { wrapUnder } from './keyWrap.ts'
import { transportKeyOf } from './transportKey.ts'
import type { ClearPair, EscrowKek, Kek } from './wrapping.ts'

const generate = promisify(generateKeyPair)

/** Makes an RSA-3072 key pair. */
export type MakePair = () => Promise<ClearPair>

export const makePair: MakePair = () =>
  generate('rsa', {
    modulusLength: 3072,
    publicExponent: 65537,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })

const privateKeyOf = (pkcs8: Buffer): KeyObject =>
  createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })

/** The key in clear: the caller overwrites it. @throws KeyFault when it is not the one of `spkiSha256` */
export const unwrapKey = async (kek: Kek, blob: Uint8Array, spkiSha256: string): Promise<Buffer> => {
  const pkcs8 = await kek.unwrap(blob)
  try {
    const spki = createPublicKey(privateKeyOf(pkcs8)).export({ type: 'spki', format: 'der' })
    if (createHash('sha256').update(spki).digest('hex') === spkiSha256) return pkcs8
    throw new KeyFault('the escrowed key is not the one of this public key', { code: 'keyMismatch' })
  } catch (error) {
    pkcs8.fill(0)
    throw error
  }
}

const oaep = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' })

/** Whether the private key decrypts what its public half enciphered (RSA-OAEP, SHA-256). */
export const decrypts = (pkcs8: Buffer, challenge: Uint8Array): boolean => {
  const key = privateKeyOf(pkcs8)
  const answer = privateDecrypt(oaep(key), publicEncrypt(oaep(createPublicKey(key)), challenge))
  return answer.length === challenge.length && timingSafeEqual(answer, challenge)
}

/** Holders' keys under a KEK in software. `other`: another one of the same place. */
export const escrowKekOf = (kek: Kek, other: (id: string) => Kek): EscrowKek => ({
  ...{ id: kek.id, module: 'software', token: 'software', attributes: {} },
  makePair: async () => {
    const { publicKey: spki, privateKey: pkcs8 } = await makePair()
    try {
      return { spki, blob: await kek.wrap(pkcs8) }
    } finally {
      pkcs8.fill(0)
    }
  },
  adopt: async ({ publicKey, privateKey }) => {
    if (!createPublicKey(privateKeyOf(privateKey)).export({ type: 'spki', format: 'der' }).equals(publicKey))
      throw new KeyFault('the two halves of a key pair do not belong together')
    return await kek.wrap(privateKey)
  },
  prove: async (blob, spkiSha256) => {
    const pkcs8 = await unwrapKey(kek, blob, spkiSha256)
    try {
      if (!decrypts(pkcs8, randomBytes(32))) throw new KeyFault('the escrowed key does not decrypt')
    } finally {
      pkcs8.fill(0)
    }
  },
  release: (blob, spkiSha256) => unwrapKey(kek, blob, spkiSha256),
  releaseTo: async (blob, spkiSha256, transportKey) => {
    // Looked at first: for a key that is none, nothing is unwrapped.
    const key = transportKeyOf(transportKey)
    const pkcs8 = await unwrapKey(kek, blob, spkiSha256)
    const aes = randomBytes(32)
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      const transport = publicEncrypt({ key, padding, oaepHash: 'sha1' }, aes)
      return { transport, blob: wrapUnder(aes, pkcs8) }
    } finally {
      pkcs8.fill(0)
      aes.fill(0)
    }
  },
  rewrap: async (blob, spkiSha256, to) => {
    const pkcs8 = await unwrapKey(kek, blob, spkiSha256)
    try {
      const moved = await other(to).wrap(pkcs8)
      ;(await unwrapKey(other(to), moved, spkiSha256)).fill(0)
      return moved
    } finally {
      pkcs8.fill(0)
    }
  },
})
