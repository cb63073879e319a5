// What depends on its argument alone is worked out once. Nothing that was thrown is kept.

/** `make` done once for each object, for as long as the object is there. */
export const onceFor = <K extends object, T>(make: (of: K) => T): ((of: K) => T) => {
  const made = new WeakMap<K, Readonly<{ value: T }>>()
  return (of) => {
    const known = made.get(of) ?? { value: make(of) }
    made.set(of, known)
    return known.value
  }
}

/** More texts than an authority has fixed parts: who comes after that many begins anew. */
const most = 256

/** `make` done once for each text. For what is an authority's, and stays the same: never for a datum of a person. */
export const onceForText = <T>(make: (text: string) => T): ((text: string) => T) => {
  const made = new Map<string, Readonly<{ value: T }>>()
  return (text) => {
    const known = made.get(text) ?? { value: make(text) }
    if (made.size >= most) made.clear()
    made.set(text, known)
    return known.value
  }
}

/** The same for octets. `make` is given a copy: what it keeps of them stays as it was, whatever the caller does to his. */
export const onceForOctets = <T>(make: (octets: Uint8Array) => T): ((octets: Uint8Array) => T) => {
  const made = onceForText((text) => make(Uint8Array.from(Buffer.from(text, 'latin1'))))
  return (octets) => made(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1'))
}
