// Key pairs of RSA-3072 that are made once for all tests: each takes most of a second, and what a test is about is seldom that a
// pair is new. An installation gets each of them once, as from a stock, and makes its own when they are gone.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { makePair, type MakePair } from '../../hsm/wrappedKey.ts'
import type { ClearPair } from '../../hsm/wrapping.ts'

const variable = 'GRAND_LIVRE_TEST_KEYS'
const many = 12
/** Of these, so many are no installation's: what comes from elsewhere has a key that nobody here has. */
const strangers = 4

type Stored = Readonly<{ publicKey: string; privateKey: string }>

/** Makes the pairs of a run, into `file`. @returns the variable that leads tests there */
export const makeHolderKeys = async (file: string): Promise<Readonly<Record<string, string>>> => {
  const pairs = await Promise.all(Array.from({ length: many + strangers }, makePair))
  const stored = pairs.map(({ publicKey, privateKey }): Stored => ({
    publicKey: publicKey.toString('base64'),
    privateKey: privateKey.toString('base64'),
  }))
  writeFileSync(file, JSON.stringify(stored), { mode: 0o600 })
  return { [variable]: file }
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

let read: readonly Stored[] | undefined

const pool = (): readonly Stored[] => {
  const file = process.env[variable]
  read ??= file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as readonly Stored[])
  return read
}

let turn = 0
/** One of the pairs of the run that no installation has, in turn; undefined without `npm test` around it. */
export const anyPair = (): ClearPair | undefined => {
  const all = pool().slice(many)
  const next = all[turn++ % Math.max(1, all.length)]
  return next && { publicKey: bytesOf(next.publicKey), privateKey: bytesOf(next.privateKey) }
}

/**
 * The source of one installation; without `npm test` around it, it makes each pair.
 * @param held what an installation that was there before has got already
 */
export const holderKeys = (
  held: () => Promise<readonly Readonly<{ spkiSha256: string }>[]> = async () => [],
): MakePair => {
  const left = pool().slice(0, many)
  return async () => {
    const known = new Set((await held()).map(({ spkiSha256 }) => spkiSha256))
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [publicKey, privateKey] = [bytesOf(next.publicKey), bytesOf(next.privateKey)]
      if (!known.has(createHash('sha256').update(publicKey).digest('hex'))) return { publicKey, privateKey }
    }
    return makePair()
  }
}

/** The transport key of cards in software: any pair of the run, as nothing of it is seen. */
export const transportPair: MakePair = async () => anyPair() ?? (await makePair())
