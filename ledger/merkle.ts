// The Merkle tree of the ledger (RFC 6962 2.1 = RFC 9162 2.1), over leaf hashes. Sizes are safe integers, so halving is by
// division: bit operations would cut them to 32 bits.
import { createHash } from 'node:crypto'

const nodePrefix = Buffer.of(1)
export const hashOctets = 32

/** RFC 6962 2.1: SHA-256 of 0x01 and both children. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash('sha256').update(nodePrefix).update(left).update(right).digest()

/** RFC 6962 2.1: the head of a tree without leaves. */
export const emptyRoot = createHash('sha256').digest()

/** Hashes of the complete subtrees at a tree's right edge, largest first: all that appending and the root need. */
export type Edge = Readonly<{ size: number; hashes: readonly Uint8Array[] }>

export type RightEdge = Readonly<{
  append: (leafHash: Uint8Array) => void
  size: () => number
  root: () => Buffer
  edge: () => Edge
}>

const bits = (size: number): number => {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

/**
 * A tree that forgets what it does not need: 32 octets a level.
 * @param from the edge of a tree to go on from
 * @throws RangeError when it is no edge
 */
export const openRightEdge = (from: Edge = { size: 0, hashes: [] }): RightEdge => {
  if (!Number.isSafeInteger(from.size) || from.size < 0 || from.hashes.length !== bits(from.size))
    throw new RangeError('not the edge of a tree')
  const hashes: Buffer[] = from.hashes.map((hash) => Buffer.from(hash))
  let { size } = from
  return {
    append: (leafHash) => {
      let hash: Buffer = Buffer.from(leafHash)
      for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
        const left = hashes.pop()
        if (left === undefined) throw new Error('the edge is shorter than its tree')
        hash = nodeHash(left, hash)
      }
      hashes.push(hash)
      size += 1
    },
    size: () => size,
    root: () =>
      hashes.length === 0 ? emptyRoot : hashes.reduceRight((right, left) => nodeHash(left, right)),
    edge: () => ({ size, hashes: [...hashes] }),
  }
}

export type MerkleTree = Readonly<{
  append: (leafHash: Uint8Array) => void
  size: () => number
  /** Head of the tree of the first `size` leaves; default: of all. @throws RangeError */
  root: (size?: number) => Buffer
  /** RFC 6962 2.1.1: path of the leaf `index` in the tree of the first `size` leaves. @throws RangeError */
  inclusionProof: (index: number, size?: number) => readonly Buffer[]
  /** RFC 6962 2.1.2: that the tree of `from` leaves begins the tree of `to` leaves. @throws RangeError */
  consistencyProof: (from: number, to?: number) => readonly Buffer[]
}>

/** Fixed-length hashes behind one another: a million objects would weigh three times what they hold. */
const openHashes = () => {
  let bytes = Buffer.alloc(64 * hashOctets)
  let count = 0
  return {
    push: (hash: Uint8Array): void => {
      if ((count + 1) * hashOctets > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)])
      bytes.set(hash, count * hashOctets)
      count += 1
    },
    at: (i: number): Buffer => Buffer.from(bytes.subarray(i * hashOctets, (i + 1) * hashOctets)),
    count: () => count,
  }
}

/** The largest power of two smaller than `size`, and its exponent. */
const split = (size: number): Readonly<{ k: number; level: number }> => {
  let k = 1
  let level = 0
  for (; k * 2 < size; k *= 2) level += 1
  return { k, level }
}

/** A tree that keeps every complete subtree, 64 octets a leaf, and so proves whatever is asked. */
export const createMerkleTree = (): MerkleTree => {
  const levels = [openHashes()]
  const leaves = (): number => levels[0]?.count() ?? 0

  const append = (leafHash: Uint8Array): void => {
    if (leafHash.length !== hashOctets) throw new RangeError('a leaf hash has 32 octets')
    let hash: Uint8Array = leafHash
    for (let level = 0; ; level += 1) {
      const hashes = (levels[level] ??= openHashes())
      hashes.push(hash)
      if (hashes.count() % 2 === 1) return
      hash = nodeHash(hashes.at(hashes.count() - 2), hash)
    }
  }

  /** MTH of the leaves from `start` up to `end`; `start` is a multiple of the greatest subtree within. */
  const headOf = (start: number, end: number): Buffer => {
    if (end === start) return emptyRoot
    const { k, level } = split(end - start)
    const whole = end - start === 1 ? 0 : 2 * k === end - start ? level + 1 : undefined
    const hashes = whole === undefined ? undefined : levels[whole]
    if (whole !== undefined && hashes !== undefined) return hashes.at(start / 2 ** whole)
    return nodeHash(headOf(start, start + k), headOf(start + k, end))
  }

  const path = (index: number, start: number, end: number): Buffer[] => {
    if (end - start === 1) return []
    const { k } = split(end - start)
    const middle = start + k
    return index < middle
      ? [...path(index, start, middle), headOf(middle, end)]
      : [...path(index, middle, end), headOf(start, middle)]
  }

  /** SUBPROOF of RFC 6962 2.1.2; `whole` while the old tree is a subtree of its own. */
  const subproof = (old: number, [start, end]: readonly [number, number], whole: boolean): Buffer[] => {
    if (old === end) return whole ? [] : [headOf(start, end)]
    const { k } = split(end - start)
    const middle = start + k
    return old <= middle
      ? [...subproof(old, [start, middle], whole), headOf(middle, end)]
      : [...subproof(old, [middle, end], false), headOf(start, middle)]
  }

  const within = (value: number, least: number, most: number): number => {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    throw new RangeError(`${value} is not from ${least} to ${most}`)
  }

  return {
    append,
    size: leaves,
    root: (size = leaves()) => headOf(0, within(size, 0, leaves())),
    inclusionProof: (index, size = leaves()) =>
      path(within(index, 0, within(size, 1, leaves()) - 1), 0, size),
    consistencyProof: (from, to = leaves()) => {
      const old = within(from, 0, within(to, 0, leaves()))
      return old === 0 ? [] : subproof(old, [0, to], true)
    },
  }
}
