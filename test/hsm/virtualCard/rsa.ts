// RSA on the card. The private operation is the raw one; the card itself takes the padding off, as Node.js does not (CVE-2023-46809).
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { openUnder } from '../../../hsm/keyWrap.ts'
import { refuse, status } from './apdu.ts'

export type RsaKey = Readonly<{ key: KeyObject; modulus: Buffer }>

/** Makes the private half of a new pair, PKCS#8 in DER. */
export type GenerateRsa = (bits: number) => Promise<Buffer>

const generate = promisify(generateKeyPair)

export const generateRsa: GenerateRsa = async (bits) => {
  const { privateKey } = await generate('rsa', { modulusLength: bits, publicExponent: 65537 })
  return privateKey.export({ type: 'pkcs8', format: 'der' })
}

const rsaKey = (key: KeyObject, bits: number): RsaKey => {
  const { kty, n = '' } = createPublicKey(key).export({ format: 'jwk' })
  const modulus = Buffer.from(n, 'base64url')
  if (kty !== 'RSA' || modulus.length * 8 !== bits) refuse(status.wrongData)
  return { key, modulus }
}

/** The octets of the first DER value: some modules wrap a key with zeros behind it. */
const firstValue = (bytes: Buffer): Buffer => {
  const more = (bytes[1] ?? 0) & 0x80 ? (bytes[1] ?? 0) & 0x7f : 0
  const length = more === 0 ? (bytes[1] ?? 0) : bytes.readUIntBE(2, Math.min(6, more))
  return bytes.subarray(0, 2 + more + length)
}

/** @throws StatusFault unless it is an RSA key of `bits` */
export const keyOfPkcs8 = (pkcs8: Buffer, bits: number): RsaKey => {
  try {
    return rsaKey(createPrivateKey({ key: firstValue(pkcs8), type: 'pkcs8', format: 'der' }), bits)
  } catch {
    return refuse(status.wrongData)
  }
}

const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

const inverse = (value: bigint, modulus: bigint): bigint => {
  let [r, next, s, t] = [modulus, value % modulus, 0n, 1n]
  while (next !== 0n) [r, next, s, t] = [next, r % next, t, s - (r / next) * t]
  return ((s % modulus) + modulus) % modulus
}

/** Tags of PUT DATA for the components of a key in clear. */
export const component = { modulus: 0x80, exponent: 0x81, p: 0x83, q: 0x84, dp: 0x85, dq: 0x86, qi: 0x87 }

/** @throws StatusFault unless the components make a key of `bits` */
export const keyOfParts = (parts: ReadonlyMap<number, Buffer>, bits: number): RsaKey => {
  const part = (name: keyof typeof component): bigint => big(parts.get(component[name]) ?? Buffer.alloc(0))
  const [n, e, p, q] = [part('modulus'), part('exponent'), part('p'), part('q')]
  if (p * q !== n || n === 0n) refuse(status.wrongData)
  const d = inverse(e, (p - 1n) * (q - 1n))
  const [dp, dq, qi] = [part('dp'), part('dq'), part('qi')]
  const numbers = { n, e, d, p, q, dp, dq, qi }
  const jwk = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64url(value)]))
  try {
    return rsaKey(createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' }), bits)
  } catch {
    return refuse(status.wrongData)
  }
}

/** The private operation. @throws StatusFault */
export const rawPrivate = ({ key, modulus }: RsaKey, input: Buffer): Buffer => {
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, modulus.length - input.length)), input])
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, padded)
  } catch {
    return refuse(status.wrongData)
  }
}

/** RFC 8017 7.2.2 steps 3 and 4. One answer for every fault. @throws StatusFault */
export const withoutPadding = (block: Buffer): Buffer => {
  const end = block.indexOf(0, 2)
  if (block[0] !== 0 || block[1] !== 2 || end < 10) refuse(status.wrongData)
  return block.subarray(end + 1)
}

/** RFC 8017 9.2 steps 4 and 5: a DigestInfo, made as long as the modulus. */
export const withPadding = (digestInfo: Buffer, { modulus }: RsaKey): Buffer => {
  const fill = modulus.length - digestInfo.length - 3
  if (fill < 8) refuse(status.wrongLength)
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(fill, 0xff), Buffer.of(0), digestInfo])
}

/** An AES-256 key under RSA-OAEP (SHA-1) to the transport key, and PKCS#8 under it by RFC 5649. @throws StatusFault */
export const unwrap = (transport: RsaKey, wrapped: Buffer, blob: Buffer, bits: number): RsaKey => {
  try {
    const oaep = { key: transport.key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
    const pkcs8 = openUnder(privateDecrypt(oaep, wrapped), blob)
    try {
      return keyOfPkcs8(pkcs8, bits)
    } finally {
      pkcs8.fill(0)
    }
  } catch {
    return refuse(status.wrongData)
  }
}
