// Verifying proofs (RFC 9162 2.1.3.2 and 2.1.4.2). Strict: an index within the tree, a proof of exactly the length that index
// and size ask for, hashes of 32 octets. Whatever is not so is no proof; nothing throws.
import { emptyRoot, hashOctets, nodeHash } from './merkle.ts'

const half = (value: number): number => Math.floor(value / 2)
const isOdd = (value: number): boolean => value % 2 === 1
const areSizes = (...values: readonly number[]): boolean =>
  values.every((value) => Number.isSafeInteger(value) && value >= 0)
const areHashes = (hashes: readonly Uint8Array[]): boolean =>
  hashes.every(({ length }) => length === hashOctets)
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Walks up from the node `first` of a level whose last node is `last`; false where the proof is too long or too short. */
const climb = (
  proof: readonly Uint8Array[],
  place: Readonly<{ first: number; last: number }>,
  step: (hash: Uint8Array, isLeft: boolean) => void,
): boolean => {
  let { first, last } = place
  for (const hash of proof) {
    if (last === 0) return false
    const isLeft = isOdd(first) || first === last
    step(hash, isLeft)
    // A node without a sibling has moved up unchanged.
    if (isLeft) for (; !isOdd(first) && first !== 0; last = half(last)) first = half(first)
    first = half(first)
    last = half(last)
  }
  return last === 0
}

export type Inclusion = Readonly<{
  index: number
  size: number
  leafHash: Uint8Array
  proof: readonly Uint8Array[]
  root: Uint8Array
}>

/** Whether the leaf stands at `index` in the tree of `size` leaves with this root. */
export const verifyInclusion = ({ index, size, leafHash, proof, root }: Inclusion): boolean => {
  if (!areSizes(index, size) || index >= size || !areHashes([leafHash, root, ...proof])) return false
  let found = leafHash
  const fits = climb(proof, { first: index, last: size - 1 }, (hash, isLeft) => {
    found = isLeft ? nodeHash(hash, found) : nodeHash(found, hash)
  })
  return fits && equal(found, root)
}

export type Consistency = Readonly<{
  from: number
  to: number
  fromRoot: Uint8Array
  toRoot: Uint8Array
  proof: readonly Uint8Array[]
}>

const isPowerOfTwo = (size: number): boolean => Number.isInteger(Math.log2(size))

/** Both roots from the proof of a tree that is neither empty nor the whole. */
const between = ({ from, to, fromRoot, toRoot, proof }: Consistency): boolean => {
  const [seed, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof
  if (seed === undefined) return false
  let first = from - 1
  let last = to - 1
  for (; isOdd(first); last = half(last)) first = half(first)
  let old = seed
  let all = seed
  const fits = climb(rest, { first, last }, (hash, isLeft) => {
    if (isLeft) old = nodeHash(hash, old)
    all = isLeft ? nodeHash(hash, all) : nodeHash(all, hash)
  })
  return fits && equal(old, fromRoot) && equal(all, toRoot)
}

/** Whether the tree of `to` leaves begins with the whole tree of `from` leaves. */
export const verifyConsistency = (claim: Consistency): boolean => {
  const { from, to, fromRoot, toRoot, proof } = claim
  if (!areSizes(from, to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false
  if (from !== to && from !== 0) return between(claim)
  if (proof.length > 0 || (from === to && !equal(fromRoot, toRoot))) return false
  return from !== 0 || equal(fromRoot, emptyRoot)
}
