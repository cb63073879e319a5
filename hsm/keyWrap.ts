// RFC 5649: one key under another, in software.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { KeyFault } from './keyFault.ts'

const cipher = 'id-aes256-wrap-pad'
// RFC 5649 3: the alternative initial value, whose last half is the length.
const paddedIv = Buffer.from('a65959a6', 'hex')

/** @param key 32 octets */
export const wrapUnder = (key: Uint8Array, clear: Uint8Array): Buffer => {
  const aes = createCipheriv(cipher, key, paddedIv)
  return Buffer.concat([aes.update(clear), aes.final()])
}

/** @throws KeyFault when the blob is not one of this key's */
export const openUnder = (key: Uint8Array, blob: Uint8Array): Buffer => {
  // The cipher opens nothing to nothing.
  if (blob.length === 0)
    throw new KeyFault('a wrapped key does not open: it is empty', { code: 'blobTruncated' })
  try {
    const aes = createDecipheriv(cipher, key, paddedIv)
    // All of it, and no copy: whoever has the key overwrites all that there is of it.
    const clear = aes.update(blob)
    aes.final()
    return clear
  } catch {
    throw new KeyFault('a wrapped key does not open: it was changed, or wrapped under another key', {
      code: 'blobOfAnotherVault',
    })
  }
}

/** PKCS#8 without the zeros that a module may have put behind it (hsm.md 2.1): DER says how long it is. @throws KeyFault */
export const withoutPadding = (octets: Buffer): Buffer => {
  if (octets.length < 4 || octets.readUInt16BE(0) !== 0x3082)
    throw new KeyFault('what was unwrapped is no private key')
  return octets.subarray(0, 4 + octets.readUInt16BE(2))
}
