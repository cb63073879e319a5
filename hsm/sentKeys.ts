// Holders' keys for who takes the escrow over, from KEKs in software: each opened and wrapped anew, under an AES key of this one part.
import { constants, createHash, createHmac, publicEncrypt, randomBytes } from 'node:crypto'
import { KeyFault } from './keyFault.ts'
import { openUnder, wrapUnder } from './keyWrap.ts'
import { successorKeyOf } from './transportKey.ts'
import { unwrapKey } from './wrappedKey.ts'
import type { Kek, SentTo, UnderKek, WrappingKeys } from './wrapping.ts'

/** The AES key of a part for its successor alone, and what shows that somebody has opened it (`HandedPart` of the port). */
export const sealFor = (successor: Uint8Array, aes: Uint8Array, label: string): Omit<SentTo, 'keys'> => {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const key = successorKeyOf(successor)
  const proof = createHmac('sha256', aes).update(label).digest()
  return {
    transport: publicEncrypt({ key, padding, oaepHash: 'sha256' }, aes),
    proofSha256: createHash('sha256').update(proof).digest('hex'),
  }
}

/** What is wrong with one key; what is wrong with all of them is thrown on. */
export const refusedFor = (error: unknown): Extract<SentTo['keys'][number], { refused: unknown }> => {
  if (error instanceof KeyFault && error.code !== 'custody') return { refused: error.code }
  throw error
}

/** @param kekById throws KeyFault `kekMissing` */
export const sendUnder = async (
  { successor, label, keys }: Parameters<WrappingKeys['sendTo']>[0],
  kekById: (id: string) => Kek,
): Promise<SentTo> => {
  const aes = randomBytes(32)
  const one = async ({ kek, blob, spkiSha256 }: UnderKek): Promise<SentTo['keys'][number]> => {
    const pkcs8 = await unwrapKey(kekById(kek), blob, spkiSha256)
    try {
      const sent = wrapUnder(aes, pkcs8)
      openUnder(aes, sent).fill(0)
      return { blob: sent }
    } finally {
      pkcs8.fill(0)
    }
  }
  try {
    const part = sealFor(successor, aes, label)
    const sent: SentTo['keys'][number][] = []
    for (const asked of keys) sent.push(await one(asked).catch(refusedFor))
    return { ...part, keys: sent }
  } finally {
    aes.fill(0)
  }
}
