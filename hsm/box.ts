// AES-256-GCM for what custody keeps on disk: nonce || ciphertext || tag, bound to what it is and where it stands.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes as systemRandom } from 'node:crypto'
import { KeyFault } from './keyFault.ts'

export type RandomBytes = (length: number) => Uint8Array

const cipher = 'aes-256-gcm'
const nonceOctets = 12
const tagOctets = 16

/** Octets that a box adds to what is in it. */
export const boxOverhead = nonceOctets + tagOctets

/** A key for one use only, of the master key or another key (HKDF-SHA256, RFC 5869). */
export const subkey = (key: Uint8Array, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', `grand-livre/${use}/v1`, 32))

export const closeBox = (
  key: Uint8Array,
  boundTo: string,
  clear: Uint8Array,
  randomBytes: RandomBytes = systemRandom,
): Buffer => {
  const nonce = randomBytes(nonceOctets)
  const gcm = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(boundTo))
  return Buffer.concat([nonce, gcm.update(clear), gcm.final(), gcm.getAuthTag()])
}

/** @throws KeyFault when the box, its key or its place is another one */
export const openBox = (key: Uint8Array, boundTo: string, box: Uint8Array): Buffer => {
  if (box.length < boxOverhead) throw new KeyFault('a sealed record is cut')
  const gcm = createDecipheriv(cipher, key, box.subarray(0, nonceOctets), { authTagLength: tagOctets })
  gcm.setAAD(Buffer.from(boundTo)).setAuthTag(box.subarray(box.length - tagOctets))
  // No copy of it: whoever has what was in the box overwrites all that there is of it. GCM holds nothing back.
  const clear = gcm.update(box.subarray(nonceOctets, box.length - tagOctets))
  try {
    gcm.final()
    return clear
  } catch {
    clear.fill(0)
    throw new KeyFault('a sealed record does not open: it was changed, moved, or sealed under another key')
  }
}
