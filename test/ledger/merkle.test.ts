import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafHash } from '../../ledger/leaf.ts'
import { createMerkleTree, emptyRoot, nodeHash, openRightEdge, type MerkleTree } from '../../ledger/merkle.ts'
import { verifyConsistency, verifyInclusion } from '../../ledger/merkleVerify.ts'

const leafOf = (i: number): Buffer => leafHash(`leaf ${i}`)

/** RFC 6962 2.1, word for word. */
const mth = (leaves: readonly Buffer[]): Buffer => {
  const [only] = leaves
  if (only === undefined) return createHash('sha256').digest()
  if (leaves.length === 1) return only
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}

const most = 70
const leaves = Array.from({ length: most }, (_, i) => leafOf(i))
const treeOf = (size: number): MerkleTree => {
  const tree = createMerkleTree()
  for (const leaf of leaves.slice(0, size)) tree.append(leaf)
  return tree
}
const tree = treeOf(most)
const roots = Array.from({ length: most + 1 }, (_, size) => mth(leaves.slice(0, size)))

describe('the tree', () => {
  const published = [
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
    ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
    ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
    ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
    ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
    ['606162636465666768696a6b6c6d6e6f', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
  ] as const
  it('RFC 6962 2.1: the eight published roots', () => {
    const edge = openRightEdge()
    const whole = createMerkleTree()
    for (const [leaf, root] of published) {
      const hash = leafHash(Buffer.from(leaf, 'hex'))
      edge.append(hash)
      whole.append(hash)
      expect([edge.root().toString('hex'), whole.root().toString('hex')]).toEqual([root, root])
    }
    expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('RFC 6962 2.1: edge and tree have the root of the definition at every size, from wherever the edge goes on', () => {
    let edge = openRightEdge()
    for (let size = 0; size <= most; size += 1) {
      expect(edge.root()).toEqual(roots[size])
      expect(tree.root(size)).toEqual(roots[size])
      if (size % 3 === 0) edge = openRightEdge(edge.edge())
      if (size < most) edge.append(leaves[size]!)
    }
    expect(() => openRightEdge({ size: 3, hashes: [leafOf(0)] })).toThrow(RangeError)
  })

  it('RFC 6962 2.1: sizes beyond 32 bits keep their edge', () => {
    const size = 2 ** 33 + 1
    const edge = openRightEdge({ size, hashes: [leafOf(0), leafOf(1)] })
    edge.append(leafOf(2))
    expect(edge.edge()).toEqual({ size: size + 1, hashes: [leafOf(0), nodeHash(leafOf(1), leafOf(2))] })
  })
})

describe('proofs', () => {
  it('RFC 6962 2.1.1: every leaf is proved in every tree, and at no other place', () => {
    for (let size = 1; size <= most; size += 1)
      for (let index = 0; index < size; index += 1) {
        const proof = tree.inclusionProof(index, size)
        const claim = { index, size, leafHash: leaves[index]!, proof, root: roots[size]! }
        expect(verifyInclusion(claim)).toBe(true)
        expect(verifyInclusion({ ...claim, index: (index + 1) % (size + 1) })).toBe(false)
        expect(verifyInclusion({ ...claim, leafHash: leafOf(most) })).toBe(false)
      }
  })

  it('RFC 6962 2.1.2: every tree is proved to begin every later one, and no other', () => {
    for (let to = 0; to <= most; to += 1)
      for (let from = 0; from <= to; from += 1) {
        const proof = tree.consistencyProof(from, to)
        const claim = { from, to, fromRoot: roots[from]!, toRoot: roots[to]!, proof }
        expect(verifyConsistency(claim)).toBe(true)
        expect(verifyConsistency({ ...claim, fromRoot: leafOf(most) })).toBe(false)
        if (from < to && from > 0) expect(verifyConsistency({ ...claim, toRoot: leafOf(most) })).toBe(false)
      }
  })

  const size = fc.integer({ min: 1, max: most })
  const damage = fc.constantFrom<(proof: readonly Uint8Array[], at: number) => readonly Uint8Array[]>(
    (proof) => [...proof, leafOf(0)],
    (proof) => [leafOf(0), ...proof],
    (proof, at) => proof.filter((_, i) => i !== at),
    (proof, at) => proof.map((hash, i) => (i === at ? leafOf(most) : hash)),
    (proof, at) => proof.map((hash, i) => (i === at ? hash.subarray(1) : hash)),
    (proof, at) => proof.map((hash, i) => (i === at ? Buffer.concat([hash, Buffer.of(0)]) : hash)),
  )
  it('RFC 9162 2.1.3.2: a proof that is longer, shorter or other by one hash proves nothing', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), damage, (n, leaf, place, change) => {
        const index = leaf % n
        const proof = tree.inclusionProof(index, n)
        const changed = change(proof, proof.length === 0 ? 0 : place % proof.length)
        fc.pre(changed.length !== proof.length || changed.some((hash, i) => hash !== proof[i]))
        const claim = { index, size: n, leafHash: leaves[index]!, proof: changed, root: roots[n]! }
        expect(verifyInclusion(claim)).toBe(false)
      }),
      { seed: 6962 },
    )
  })
  it('RFC 9162 2.1.4.2: the same holds for consistency', () => {
    fc.assert(
      fc.property(size, size, fc.nat(), damage, (a, b, place, change) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const proof = tree.consistencyProof(from, to)
        const changed = change(proof, proof.length === 0 ? 0 : place % proof.length)
        fc.pre(changed.length !== proof.length || changed.some((hash, i) => hash !== proof[i]))
        const claim = { from, to, fromRoot: roots[from]!, toRoot: roots[to]!, proof: changed }
        expect(verifyConsistency(claim)).toBe(false)
      }),
      { seed: 9162 },
    )
  })

  it.each([
    ['index = size', { index: 4 }],
    ['a negative index', { index: -1 }],
    ['an index that is no integer', { index: 0.5 }],
    ['size 0', { index: 0, size: 0 }],
    ['an empty path in a tree of more than one leaf', { proof: [] }],
    ['an inner node offered as a leaf', { index: 0, size: 2, leafHash: nodeHash(leafOf(0), leafOf(1)) }],
    ['a root of 31 octets', { root: roots[4]!.subarray(1) }],
  ])('proofs 6 case 50: %s is refused', (_, change) => {
    const claim = {
      index: 3,
      size: 4,
      leafHash: leaves[3]!,
      proof: tree.inclusionProof(3, 4),
      root: roots[4]!,
    }
    expect(verifyInclusion({ ...claim, ...change })).toBe(false)
  })

  it.each([
    ['from size 0 with hashes', { from: 0, to: 4, fromRoot: emptyRoot, proof: [leafOf(0)] }],
    ['from size 0 with a root that is not the empty one', { from: 0, to: 4, fromRoot: leafOf(0), proof: [] }],
    ['an old tree that is larger', { from: 5, to: 4, fromRoot: roots[5]! }],
    ['one size with two roots', { from: 4, to: 4, fromRoot: roots[3]!, proof: [] }],
    ['two empty trees with a root of something', { from: 0, to: 0, fromRoot: roots[4]!, proof: [] }],
    ['no hashes between two sizes', { from: 2, to: 4, fromRoot: roots[2]!, proof: [] }],
  ])('proofs 6 case 51: %s is refused', (_, change) => {
    const claim = {
      fromRoot: roots[3]!,
      toRoot: roots[4]!,
      from: 3,
      to: 4,
      proof: tree.consistencyProof(3, 4),
    }
    expect(verifyConsistency({ ...claim, ...change })).toBe(false)
  })

  it('what is asked of no such tree is refused', () => {
    for (const ask of [
      () => tree.root(most + 1),
      () => tree.inclusionProof(4, 4),
      () => tree.inclusionProof(0, 0),
      () => tree.consistencyProof(5, 4),
    ])
      expect(ask).toThrow(RangeError)
  })
})
