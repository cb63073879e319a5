// CGU-112: personal data are sealed from the first event on. Sealed fields (proofs.md 1.1 and 2): a value enciphered under its unit's data key, with a commitment that survives it.
// The key, once destroyed, takes value and commitment opening with it; the leaf keeps the digests and proves on.
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { Json } from '../domain/kernel.ts'
import { canonical } from './canonical.ts'
import type { SealedField } from './ledger.ts'

/** Where a value is sealed: it can be opened there and nowhere else. */
export type SealPlace = Readonly<{ log: string; eventId: string; field: string }>

/** The field does not open, or opens to what was not committed to. Never shown with the value. */
export class BrokenSeal extends Error {
  override readonly name = 'BrokenSeal'
  constructor({ eventId, field }: SealPlace, what: string) {
    super(`event ${eventId}, sealed field ${field}: ${what}`)
  }
}

const cipher = 'aes-256-gcm'
export const nonceOctets = 12
const tagOctets = 16
const noSalt = Buffer.alloc(32)

const hmac = (key: Uint8Array, data: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(data).digest()

/** HKDF-SHA256 (RFC 5869) with an empty salt and one block of output, as three times the speed of `hkdfSync`. */
const derive = (key: Uint8Array, info: string): Buffer => hmac(hmac(noSalt, key), `${info}\u0001`)

const commit = (key: Uint8Array, { log, eventId, field }: SealPlace, json: string): Buffer =>
  hmac(derive(key, `igc/commit/v1|${log}|${eventId}|${field}`), json)

/** Binds the ciphertext to its place: moved to another event, field or key, it does not open. */
const boundTo = ({ log, eventId, field }: SealPlace, keyId: string): Buffer =>
  Buffer.from(`igc/seal/v1|${log}|${eventId}|${field}|${keyId}`)

/** The commitment to a value, in hex: hiding as long as the data key is secret, binding for ever. */
export const commitment = (key: Uint8Array, place: SealPlace, value: Json): string =>
  commit(key, place, canonical(value)).toString('hex')

/**
 * Seals one value.
 * @param with.key data key, 32 octets; `nonce`: 12 random octets, never used twice under a key
 * @throws NotCanonical
 */
export const sealField = (
  place: SealPlace,
  value: Json,
  { keyId, key, nonce }: Readonly<{ keyId: string; key: Uint8Array; nonce: Uint8Array }>,
): SealedField => {
  const json = canonical(value)
  const gcm = createCipheriv(cipher, key, nonce).setAAD(boundTo(place, keyId))
  const ciphertext = [nonce, gcm.update(json, 'utf8'), gcm.final(), gcm.getAuthTag()]
  return {
    k: keyId,
    c: commit(key, place, json).toString('hex'),
    ct: Buffer.concat(ciphertext).toString('base64'),
  }
}

const decipher = (key: Uint8Array, place: SealPlace, { k, ct }: SealedField): string => {
  const bytes = Buffer.from(ct, 'base64')
  if (bytes.length < nonceOctets + tagOctets) throw new BrokenSeal(place, 'the ciphertext is cut')
  const body = bytes.subarray(nonceOctets, bytes.length - tagOctets)
  const gcm = createDecipheriv(cipher, key, bytes.subarray(0, nonceOctets), { authTagLength: tagOctets })
  gcm.setAAD(boundTo(place, k)).setAuthTag(bytes.subarray(bytes.length - tagOctets))
  try {
    return Buffer.concat([gcm.update(body), gcm.final()]).toString('utf8')
  } catch {
    throw new BrokenSeal(place, 'the ciphertext, its place or its key is not the one that was sealed')
  }
}

/**
 * Opens one sealed field and compares it with its commitment.
 * @throws BrokenSeal
 */
export const openField = (key: Uint8Array, place: SealPlace, sealed: SealedField): Json => {
  const value = JSON.parse(decipher(key, place, sealed)) as Json
  const committed = Buffer.from(sealed.c, 'hex')
  const found = commit(key, place, canonical(value))
  if (committed.length !== found.length || !timingSafeEqual(committed, found))
    throw new BrokenSeal(place, 'the value is not the one committed to')
  return value
}
