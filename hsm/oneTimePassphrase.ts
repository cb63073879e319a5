// What a recovered key is enciphered with where its recipient has no certificate (CGU-46, docs/adr/0033): custody draws it for this one
// recovery, and it reaches the recipient by another way than the file. Nothing of it is stored: asked again, it is the same.
import { subkey } from './box.ts'

/** Crockford's base32: none of its letters is taken for another one when it is read out or copied by hand. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'
const groups = 5
const perGroup = 5

/**
 * The passphrase of a recovery, under a key that lies in custody.
 * @returns 125 bits as five groups of five letters, `7k2mq-…`
 */
export const passphraseOf = (key: Uint8Array, recovery: string): string => {
  const drawn = [...subkey(key, `one-time-passphrase|${recovery}`).subarray(0, groups * perGroup)]
  const text = drawn.map((octet) => letters[octet % letters.length]).join('')
  return Array.from({ length: groups }, (_, i) => text.slice(i * perGroup, (i + 1) * perGroup)).join('-')
}
