// What the service and its signer process say to each other (process.ts, client.ts). Private keys, handles and PINs never come
// back; what comes in is done once, or found done.
import type { WrappedForCard } from '../../pki/custody.ts'
import type { CountsByKey } from '../signatureCount.ts'
import type { PairAlgorithm } from '../verifiedSigner.ts'
import type { SentTo } from '../wrapping.ts'
import type { FaultKind } from './fault.ts'

/** One token, and how it is opened. */
export type TokenSettings = Readonly<{
  /** File of the PKCS#11 module. */
  module: string
  /** Label or serial number of the token: slot numbers change. */
  token: string
  /** Labels and serial numbers that the token must not have: it is not even logged in to then. */
  apartFrom?: readonly string[]
  pin: string
  /** Sessions, each of which does one thing at a time. */
  sessions: number
  /** Mechanism that keys are wrapped with, RFC 5649: 0x210A (CKM_AES_KEY_WRAP_PAD) or 0x210B (CKM_AES_KEY_WRAP_KWP). */
  wrapMechanism: number
  /** File in which the process counts its signatures (signatureCount.ts); without one they last as long as the process. */
  counts?: string
  /** File in which a PIN that was refused is remembered (refusedPin.ts); without one it is tried once by each process. */
  refusedPin?: string
  /** How the names of sockets begin by which a process shows that it is inside the token (inside.ts); without it nobody waits for another. */
  inside?: string
}>

export type { PairAlgorithm }

/** Attributes as they were read back from the token, by their name in PKCS#11. */
export type Attributes = Readonly<Record<string, boolean | number | string>>

export type KeyInfo = Readonly<{
  algorithm: PairAlgorithm
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
  attributes: Attributes
}>

export type TokenInfo = Readonly<{ module: string; label: string; serial: string }>

export type SecretInfo = Readonly<{ id: string; attributes: Attributes }>

/** What is left of a key that was destroyed: found by none, and what its use answered, after so many sessions were closed. */
export type Destruction = Readonly<{ objects: number; failedUseCode: string; sessionsClosed: number }>

/** A holder's key under a KEK, and the digest of its public half. */
type Wrapped = Readonly<{ kek: string; blob: Uint8Array; spkiSha256: string }>

/** Every act: what it is asked with, and what it answers. All of them may be asked again. */
export type Acts = Readonly<{
  token: { asked: Readonly<Record<string, never>>; answer: TokenInfo }
  generate: {
    asked: Readonly<{ id: string; label: string; algorithm: PairAlgorithm }>
    answer: KeyInfo
  }
  find: { asked: Readonly<{ id: string }>; answer: KeyInfo | undefined }
  /** Signs a digest: PKCS#1 v1.5 with its DigestInfo, ECDSA raw (r, s). */
  sign: { asked: Readonly<{ id: string; digest: Uint8Array; hash: Hash }>; answer: Uint8Array }
  destroy: { asked: Readonly<{ id: string }>; answer: Destruction }
  /** The AES-256 or HMAC key of a label, made on first use. It has one use. */
  secret: { asked: Readonly<{ label: string; use: SecretUse }>; answer: SecretInfo }
  /** That key; undefined where there is none yet, or none any more. */
  findSecret: { asked: Readonly<{ label: string; use: SecretUse }>; answer: SecretInfo | undefined }
  /** Whether there is a key of this id for this use. */
  hasSecret: { asked: Readonly<{ id: string; use: SecretUse }>; answer: boolean }
  hmac: { asked: Readonly<{ id: string; data: Uint8Array }>; answer: Uint8Array }
  wrapData: { asked: Readonly<{ kek: string; clear: Uint8Array }>; answer: Uint8Array }
  unwrapData: { asked: Readonly<{ kek: string; blob: Uint8Array }>; answer: Uint8Array }
  makePair: { asked: Readonly<{ kek: string }>; answer: Readonly<{ spki: Uint8Array; blob: Uint8Array }> }
  prove: { asked: Wrapped; answer: true }
  /** The key under a transport key of 32 octets instead of its KEK: for whom that was agreed with. */
  release: { asked: Wrapped & Readonly<{ transport: Uint8Array }>; answer: Uint8Array }
  /** The key for a card: wrapped here, under a key that only the card can open; it is in clear nowhere. */
  releaseTo: { asked: Wrapped & Readonly<{ transportKey: Uint8Array }>; answer: WrappedForCard }
  /** A key that comes under a transport key, under a KEK. */
  adopt: { asked: Wrapped & Readonly<{ transport: Uint8Array }>; answer: Uint8Array }
  /** The key under another KEK of this token, opened again before it is answered. */
  rewrap: { asked: Wrapped & Readonly<{ to: string }>; answer: Uint8Array }
  /** Keys for who takes the escrow over: wrapped here anew, under a key that the successor alone can open. */
  sendTo: {
    asked: Readonly<{ successor: Uint8Array; label: string; keys: readonly Wrapped[] }>
    answer: SentTo
  }
  /** Removes the key of this id, of this use, for ever. */
  destroySecret: { asked: Readonly<{ id: string; use: SecretUse }>; answer: Destruction }
  /** Signs with the token's canary, which the first look of all makes. */
  health: { asked: Readonly<Record<string, never>>; answer: Health }
  /** A signature that has left does not verify, and is thrown away. */
  thrownAway: { asked: Readonly<{ id: string }>; answer: undefined }
  /** Signatures that have left, by key. */
  counts: { asked: Readonly<Record<string, never>>; answer: CountsByKey }
}>

export type Hash = 'sha1' | 'sha256' | 'sha384'
/** A KEK of data keys opens no holder's key, and the other way round. */
export type SecretUse = 'dataKek' | 'escrowKek' | 'mac'
/** The key by which a token is known again: a serial number survives an initialisation, a key does not (hsm.md 7). */
export type Canary = Readonly<{ serial: string; spki: string }>
export type Health = Readonly<{ canary: Canary }>

export type Act = keyof Acts
export type Asked<A extends Act> = Acts[A]['asked']
export type Answer<A extends Act> = Acts[A]['answer']

export type ToSigner =
  | Readonly<{ open: TokenSettings; canary: Canary | undefined }>
  | Readonly<{ nth: number; act: Act; asked: object }>
  | Readonly<{ close: true }>
export type FromSigner =
  | Readonly<{ nth: number; answer: unknown }>
  | Readonly<{ nth: number; fault: Readonly<{ kind: FaultKind; message: string }> }>
