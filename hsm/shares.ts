// The PIN of the recovery token, drawn at random and split k of n among officers (Shamir, over GF(2^8)): fewer than k shares say
// nothing about it. The arithmetic is the library's; what it leaves out is here. It makes garbage, without a word, of too few shares
// or of a share that is not the one it gave out: so each share carries the digests of all shares of its set, and the set is named
// after them. A share whose octets differ, or that is of another set, is found before anything is combined.
// The digests would let a guess be tested: this is for a secret of 192 random bits and for no other.
import { combine, split } from 'shamir-secret-sharing'
import { sha256 } from './digest.ts'
import type { RandomBytes } from './box.ts'

export type ShareFaultCode =
  'SHARE_UNREADABLE' | 'SHARE_DAMAGED' | 'SHARE_OF_ANOTHER_SET' | 'SHARE_REPEATED' | 'SHARES_TOO_FEW'

/** A share that is not taken. The message names it by the name it was given under, and never quotes it. */
export class ShareFault extends Error {
  override readonly name = 'ShareFault'
  readonly code: ShareFaultCode
  constructor(code: ShareFaultCode, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
  }
}

const form = 'grand-livre/pin-share/1'
const pinOctets = 24
const pinPattern = /^[A-Za-z0-9_-]{32}$/

/** One officer's share. */
export type Share = Readonly<{
  form: typeof form
  /** SHA-256 of what all shares of the set say alike. */
  set: string
  /** How many are needed. */
  threshold: number
  /** SHA-256 of each share of the set, in order. */
  digests: readonly string[]
  /** From 1: which of the digests is this share's. */
  index: number
  /** Base64url. */
  share: string
}>

const setOf = (threshold: number, digests: readonly string[]): string =>
  sha256(JSON.stringify([form, threshold, ...digests]))

/** A PIN of 192 random bits, as base64url: any PKCS#11 module takes it, and nobody guesses it. */
export const drawPin = (randomBytes: RandomBytes): string =>
  Buffer.from(randomBytes(pinOctets)).toString('base64url')

/** Whether a text can be a PIN that `drawPin` has drawn. */
export const isDrawnPin = (pin: string): boolean => pinPattern.test(pin)

/**
 * Splits a PIN, and puts it together again before anything is handed out.
 * @param pin as `drawPin` draws it
 * @param how.threshold how many shares are needed: two at least, for nobody is to have it alone
 * @throws RangeError for another PIN, or for numbers that make no dual control
 */
export const splitPin = async (
  pin: string,
  { threshold, shares }: Readonly<{ threshold: number; shares: number }>,
): Promise<readonly Share[]> => {
  if (!isDrawnPin(pin)) throw new RangeError('only a PIN of 192 random bits, in base64url, is split')
  const possible = Number.isSafeInteger(threshold) && Number.isSafeInteger(shares)
  if (!possible || threshold < 2 || shares < threshold || shares > 255)
    throw new RangeError(`${threshold} of ${shares}: at least two, and no more than there are shares`)
  // The library wants a plain Uint8Array, not a Buffer.
  const secret = new Uint8Array(Buffer.from(pin, 'base64url'))
  const parts = await split(secret, shares, threshold)
  secret.fill(0)
  const digests = parts.map(sha256)
  const set = setOf(threshold, digests)
  const made = parts.map((part, i): Share => {
    const share = Buffer.from(part).toString('base64url')
    part.fill(0)
    return { form, set, threshold, digests, index: i + 1, share }
  })
  for (const some of [made.slice(0, threshold), made.slice(-threshold)])
    if ((await combineShares(named(some))) !== pin) throw new Error('the shares do not give the PIN back')
  return made
}

/** A share with the name that it is spoken of by. */
export type NamedShare = Readonly<{ name: string; share: Share }>

const named = (shares: readonly Share[]): readonly NamedShare[] =>
  shares.map((share) => ({ name: String(share.index), share }))

const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const isIndex = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most

const shareFrom = (value: Readonly<Record<string, unknown>>): Share | undefined => {
  const { set, threshold, digests, index, share } = value
  if (value['form'] !== form || !isDigest(set) || typeof share !== 'string') return undefined
  if (!Array.isArray(digests) || !digests.every(isDigest)) return undefined
  if (!isIndex(index, digests.length) || !isIndex(threshold, digests.length) || threshold < 2)
    return undefined
  return { form, set, threshold, digests, index, share }
}

/** A share as it is written, for its officer alone. */
export const writeShare = (share: Share): string => `${JSON.stringify(share)}\n`

/**
 * Reads a share, and checks it against its own set.
 * @throws ShareFault SHARE_UNREADABLE, SHARE_DAMAGED
 */
export const readShare = (name: string, text: string): NamedShare => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ShareFault('SHARE_UNREADABLE', `${name} is no share`)
  }
  const share =
    typeof value === 'object' && value !== null ? shareFrom(value as Record<string, unknown>) : undefined
  if (share === undefined) throw new ShareFault('SHARE_UNREADABLE', `${name} is no share`)
  const octets = Buffer.from(share.share, 'base64url')
  const isWhole =
    setOf(share.threshold, share.digests) === share.set &&
    sha256(octets) === share.digests[share.index - 1] &&
    octets.toString('base64url') === share.share
  if (!isWhole) throw new ShareFault('SHARE_DAMAGED', `${name} is not as it was given out`)
  return { name, share }
}

/**
 * Puts the PIN together.
 * @throws ShareFault for shares of different sets, a share given twice, or too few
 */
export const combineShares = async (shares: readonly NamedShare[]): Promise<string> => {
  const [first, ...others] = shares.map(({ name, share }) => readShare(name, writeShare(share)))
  if (first === undefined) throw new ShareFault('SHARES_TOO_FEW', 'no share was given')
  const { set, threshold } = first.share
  const seen = new Map([[first.share.index, first.name]])
  for (const { name, share } of others) {
    if (share.set !== set)
      throw new ShareFault('SHARE_OF_ANOTHER_SET', `${name} is not of the set of ${first.name}`)
    const twin = seen.get(share.index)
    if (twin !== undefined) throw new ShareFault('SHARE_REPEATED', `${name} and ${twin} are one share`)
    seen.set(share.index, name)
  }
  if (seen.size < threshold)
    throw new ShareFault('SHARES_TOO_FEW', `${seen.size} of the ${threshold} that are needed`)
  const parts = shares.map(({ share }) => new Uint8Array(Buffer.from(share.share, 'base64url')))
  const secret = await combine(parts)
  const pin = Buffer.from(secret).toString('base64url')
  for (const octets of [secret, ...parts]) octets.fill(0)
  return pin
}
