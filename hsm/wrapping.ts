// What the vault asks of whoever holds the wrapping keys: software here, a PKCS#11 token elsewhere. They never come out.
import type { KeyFaultCode } from './keyFault.ts'
import type { KekDescription, WrappedForCard } from '../pki/custody.ts'
import type { HandedPart } from '../pki/handedOver.ts'

/** A key-encryption key for data keys. `id` is a UUID, recorded with whatever it wraps. */
export type Kek = Readonly<{
  id: string
  /** RFC 5649. */
  wrap: (clear: Uint8Array) => Promise<Buffer>
  /** @throws KeyFault when the blob is not one of this key's */
  unwrap: (blob: Uint8Array) => Promise<Buffer>
}>

/** A holder's key pair, DER: the public half as SubjectPublicKeyInfo, the private one as PKCS#8. */
export type ClearPair = Readonly<{ publicKey: Buffer; privateKey: Buffer }>

/** A key-encryption key for holders' keys, which are made and shown to be recoverable where it is. */
export type EscrowKek = KekDescription &
  Readonly<{
    /** A new RSA-3072 key pair, its private half wrapped (RFC 5649). */
    makePair: () => Promise<Readonly<{ spki: Buffer; blob: Buffer }>>
    /** Wraps a key that was made elsewhere. The caller overwrites it. */
    adopt: (pair: ClearPair) => Promise<Buffer>
    /** CGU-38: shows that the key can be recovered, before anything is certified with it. @throws KeyFault */
    prove: (blob: Uint8Array, spkiSha256: string) => Promise<void>
    /**
     * The private key in clear, PKCS#8, held against its public half: RFC 5649 binds a blob to nothing but its KEK. The caller
     * overwrites it. @throws KeyFault when it is another one's
     */
    release: (blob: Uint8Array, spkiSha256: string) => Promise<Buffer>
    /**
     * The private key for a card, held against its public half as well: wrapped where it is, for the transport key of the card
     * (SubjectPublicKeyInfo, DER). @throws KeyFault when it is another one's, or the transport key is none
     */
    releaseTo: (blob: Uint8Array, spkiSha256: string, transportKey: Uint8Array) => Promise<WrappedForCard>
    /**
     * The same key under another KEK of the same token, opened there once more before it is answered: RFC 5649, and the key in clear never
     * leaves the module. @throws KeyFault when it is another one's, or the other KEK is not there
     */
    rewrap: (blob: Uint8Array, spkiSha256: string, to: string) => Promise<Buffer>
  }>

/** HMAC-SHA256 in memory, under a key that custody gave for it: for index terms and digests of names. */
export type Mac = Readonly<{ id: string; compute: (data: string) => Buffer }>

/** HMAC-SHA256 made where the key is, and nowhere else: for records that must not be exchanged. */
export type RecordMac = Readonly<{ id: string; compute: (data: string) => Promise<Buffer> }>

/** A holder's key under its KEK, and the digest of its public half. */
export type UnderKek = Readonly<{ kek: string; blob: Uint8Array; spkiSha256: string }>

/** What became of each, in the order in which they were given: wrapped anew, or by which fault not. */
export type SentTo = Omit<HandedPart, 'keys'> &
  Readonly<{ keys: readonly (Readonly<{ blob: Uint8Array }> | Readonly<{ refused: KeyFaultCode }>)[] }>

export type WrappingKeys = Readonly<{
  /** The KEK of this label, made on first use. */
  kek: (label: string) => Promise<Kek>
  /** @throws KeyFault: destroyed, or never there */
  kekById: (id: string) => Promise<Kek>
  /** The KEK of the escrow of this label, made on first use. */
  escrowKek: (label: string) => Promise<EscrowKek>
  /** That KEK; undefined where there is none yet, or none any more. */
  findEscrowKek: (label: string) => Promise<EscrowKek | undefined>
  /** @throws KeyFault `kekMissing`: destroyed, or never there */
  escrowKekById: (id: string) => Promise<EscrowKek>
  /**
   * Keys under a fresh AES-256 key that goes with them, under the successor's public key; see `handOver` of the port. They are in clear
   * nowhere outside of the module.
   * @throws KeyFault `transportKeyUnusable`, or where nothing can be wrapped at all
   */
  sendTo: (
    asked: Readonly<{ successor: Uint8Array; label: string; keys: readonly UnderKek[] }>,
  ) => Promise<SentTo>
  /** Destroys a KEK of the escrow for ever; given again, nothing happens. @returns what its use answers now */
  destroyEscrowKek: (id: string) => Promise<Readonly<{ failedUseCode: string }>>
  /** The MAC key of this label, made on first use. */
  mac: (label: string) => Promise<Mac>
  /** That key itself, in memory: for another process of the same installation, which makes the digests (docs/adr/0026). */
  macKey: (label: string) => Promise<Readonly<{ id: string; key: Buffer }>>
  recordMac: (label: string) => Promise<RecordMac>
  /** Protects one file of records at rest; made on first use. */
  recordKey: (label: string) => Promise<Buffer>
}>
