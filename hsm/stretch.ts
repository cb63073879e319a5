// What a person remembers, made expensive to guess (scrypt, RFC 7914).
import { scrypt } from 'node:crypto'
import { promisify } from 'node:util'

/** N = 2^17 with r = 8, p = 1 takes 128 MiB and about half a second. */
export const scryptCost = 2 ** 17

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt)

/** 32 octets of key. One text typed on two keyboards is one text: it is brought to normal form C first. */
export const stretch = (
  secret: string,
  { n, r = 8, p = 1, salt }: Readonly<{ n: number; r?: number; p?: number; salt: Uint8Array }>,
): Promise<Buffer> => derive(secret.normalize('NFC'), salt, 32, { N: n, r, p, maxmem: 256 * r * (n + p) })
