// What a recovered key is enciphered with where its recipient has no certificate (CGU-46, docs/adr/0033): drawn for this one file, it
// reaches the recipient by another way than the file.

/** Crockford's base32: none of its letters is taken for another one when it is read out or copied by hand. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'
const groups = 5
const perGroup = 5

/** @returns 125 random bits as five groups of five letters, `7k2mq-…` */
export const drawPassphrase = (randomBytes: (length: number) => Uint8Array): string => {
  // Each octet has the values of eight whole alphabets, so each letter is as likely as another.
  const text = [...randomBytes(groups * perGroup)].map((octet) => letters[octet % letters.length]).join('')
  return Array.from({ length: groups }, (_, i) => text.slice(i * perGroup, (i + 1) * perGroup)).join('-')
}
