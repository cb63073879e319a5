// Octets that somebody has tampered with: what a network does by accident, and a stranger on purpose.
import fc from 'fast-check'

type Change = Readonly<{ kind: number; at: number; with: number; size: number }>

const kinds = [
  // One bit.
  ({ at, with: bit }, bytes) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << (bit & 7))),
  // One octet: the first of a value, its length, or any other.
  ({ at, with: octet }, bytes) => bytes.with(at, octet),
  // Lengths that lie: indefinite, zero, not minimal, as long as can be.
  ({ at, with: which }, bytes) => bytes.with(at, [0x80, 0x00, 0x81, 0x84, 0x88, 0xff][which % 6] ?? 0),
  // Cut short.
  ({ at }, bytes) => bytes.subarray(0, at),
  // Octets too many, in the middle or at the end.
  ({ at, with: octet, size }, bytes) =>
    Uint8Array.from([...bytes.subarray(0, at), ...Array<number>(size).fill(octet), ...bytes.subarray(at)]),
  // Octets too few.
  ({ at, size }, bytes) => Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + size)]),
  // The same again.
  ({ at, size }, bytes) =>
    Uint8Array.from([
      ...bytes.subarray(0, at + size),
      ...bytes.subarray(at, at + size),
      ...bytes.subarray(at + size),
    ]),
  // Another content, the lengths as they were.
  ({ at, with: octet, size }, bytes) => Uint8Array.from(bytes).fill(octet, at, at + size),
] as const satisfies readonly ((change: Change, bytes: Uint8Array) => Uint8Array)[]

const apply = (bytes: Uint8Array, change: Change): Uint8Array => {
  if (bytes.length === 0) return bytes
  return (kinds[change.kind] ?? kinds[0])({ ...change, at: change.at % bytes.length }, bytes)
}

const change = fc.record<Change>({
  kind: fc.nat(kinds.length - 1),
  at: fc.nat(65_535),
  with: fc.nat(255),
  size: fc.integer({ min: 1, max: 24 }),
})

/** One of `originals`, changed in one to four places. */
export const mutated = (originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([original, changes]) => changes.reduce(apply, Uint8Array.from(original)))
