// The transport key of cards in software: one for all cards of a store, in memory for as long as the store is open.
import { constants, createPrivateKey, generateKeyPair, privateDecrypt, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import type { CardKey, WrappedForCard } from '../pki/custody.ts'
import { KeyFault } from './keyFault.ts'
import { openUnder, withoutPadding } from './keyWrap.ts'
import type { MakePair } from './wrappedKey.ts'

const generate = promisify(generateKeyPair)

const makeTransportPair: MakePair = () =>
  generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })

const privateKeyOf = (pkcs8: Buffer) => createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })

/** @throws KeyFault, the same whatever the cause */
const openTransport = (pkcs8: Buffer, { transport }: WrappedForCard): Buffer => {
  const key = privateKeyOf(pkcs8)
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, transport)
  } catch {
    throw new KeyFault('a key for the card was not wrapped under its transport key')
  }
}

export type SoftTransport = Readonly<{
  /** SubjectPublicKeyInfo, DER; the pair is made when it is first asked for. */
  publicKey: () => Promise<Uint8Array>
  /** PKCS#8 in clear; the caller overwrites it. @throws KeyFault where it was wrapped for another card, or is another one's key */
  opened: (key: CardKey) => Promise<Buffer>
}>

/** @param makePair where the pair comes from, if it is not made here */
export const openSoftTransport = (makePair: MakePair = makeTransportPair): SoftTransport => {
  let pair: ReturnType<MakePair> | undefined
  return {
    publicKey: async () => (await (pair ??= makePair())).publicKey,
    opened: async ({ key, certificate }) => {
      if (pair === undefined) throw new KeyFault('the card was not begun')
      const pkcs8 = withoutPadding(openUnder(openTransport((await pair).privateKey, key), key.blob))
      if (new X509Certificate(certificate).checkPrivateKey(privateKeyOf(pkcs8))) return pkcs8
      pkcs8.fill(0)
      throw new KeyFault('a key for the card is not the one of its certificate')
    },
  }
}
