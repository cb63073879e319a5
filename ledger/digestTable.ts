// A table of 16-octet keys that are digests or UUIDs, each with a few numbers. Twenty million of them fit: a Map ends at
// 2^24 entries, and weighs five times as much. 17 octets and 8 a number for each slot, of which at most 7 in 10 are taken.

export type DigestTable = Readonly<{
  /** The numbers of a key, or undefined. A view: good until the next `set`. */
  get: (key: Uint8Array) => Float64Array | undefined
  set: (key: Uint8Array, numbers: readonly number[]) => void
  size: () => number
}>

const words = 4

/** @param width numbers that each key has */
export const openDigestTable = (width: number): DigestTable => {
  let capacity = 1024
  let count = 0
  let taken = new Uint8Array(capacity)
  let keys = new Uint32Array(capacity * words)
  let values = new Float64Array(capacity * width)
  const wanted = new Uint32Array(words)

  const isAt = (slot: number): boolean => {
    for (let i = 0; i < words; i += 1) if (keys[slot * words + i] !== wanted[i]) return false
    return true
  }
  /** Where the wanted key stands, or is to stand. The words are mixed: numbered ids would lie in one heap otherwise. */
  const find = (): number => {
    let hash = 0
    for (let i = 0; i < words; i += 1) {
      hash = Math.imul(hash ^ (wanted[i] ?? 0), 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    let slot = (hash >>> 0) % capacity
    while (taken[slot] === 1 && !isAt(slot)) slot = (slot + 1) % capacity
    return slot
  }
  const want = (key: Uint8Array): void => {
    const view = new DataView(key.buffer, key.byteOffset, 4 * words)
    for (let i = 0; i < words; i += 1) wanted[i] = view.getUint32(4 * i)
  }
  const put = (slot: number, numbers: ArrayLike<number>): void => {
    taken[slot] = 1
    keys.set(wanted, slot * words)
    values.set(numbers, slot * width)
  }
  const grow = (): void => {
    const old = { capacity, taken, keys, values }
    capacity *= 2
    taken = new Uint8Array(capacity)
    keys = new Uint32Array(capacity * words)
    values = new Float64Array(capacity * width)
    for (let slot = 0; slot < old.capacity; slot += 1) {
      if (old.taken[slot] !== 1) continue
      wanted.set(old.keys.subarray(slot * words, (slot + 1) * words))
      put(find(), old.values.subarray(slot * width, (slot + 1) * width))
    }
  }

  return {
    get: (key) => {
      want(key)
      const slot = find()
      return taken[slot] === 1 ? values.subarray(slot * width, (slot + 1) * width) : undefined
    },
    set: (key, numbers) => {
      if (count + 1 > 0.7 * capacity) grow()
      want(key)
      const slot = find()
      if (taken[slot] !== 1) count += 1
      put(slot, numbers)
    },
    size: () => count,
  }
}
