// What the vault asks of whoever holds the wrapping keys: software here, a PKCS#11 token elsewhere. They never come out.

/** A key-encryption key. `id` is a UUID, recorded with whatever it wraps. */
export type Kek = Readonly<{
  id: string
  /** RFC 5649. */
  wrap: (clear: Uint8Array) => Promise<Buffer>
  /** @throws KeyFault when the blob is not one of this key's */
  unwrap: (blob: Uint8Array) => Promise<Buffer>
}>

/** HMAC-SHA256 under a key that does not come out. */
export type Mac = Readonly<{ id: string; compute: (data: string) => Buffer }>

export type WrappingKeys = Readonly<{
  /** The KEK of this label, made on first use. */
  kek: (label: string, purpose: 'dataKek' | 'escrowKek') => Promise<Kek>
  /** @throws KeyFault: destroyed, or never there */
  kekById: (id: string) => Promise<Kek>
  /** The MAC key of this label, made on first use. */
  mac: (label: string) => Promise<Mac>
  /** Protects one file of records at rest; made on first use. */
  recordKey: (label: string) => Promise<Buffer>
}>
