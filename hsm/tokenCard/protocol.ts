// What the driver of token cards and the process inside the module say to each other (process.ts). PINs and wrapped keys go in; public
// keys, and what a card decrypts for its holder, come out.
import type { WrappedForCard } from '../../pki/custody.ts'

/** Where a card's token lies: a folder with its files, and the settings that lead the module there. */
export type Place = Readonly<{ folder: string }>
type WithPin = Place & Readonly<{ pin: string }>

/** A key as it is loaded. Its CKA_ID is the SHA-1 of its modulus. */
export type LoadedKey = Readonly<{ certificate: Uint8Array; label: string; key: WrappedForCard }>

/** Every act may be given again: what is there already is found, and what is half there is made anew. */
export type CardActs = Readonly<{
  /** Loads the module. */
  probe: { asked: Readonly<Record<string, never>>; answer: true }
  /** Initialises the token where it is blank, and makes its transport key where there is none: SubjectPublicKeyInfo, DER. */
  begin: { asked: WithPin & Readonly<{ soPin: string; label: string }>; answer: Uint8Array }
  /** The CKA_ID, in hex, under which key, public half and certificate stand on the card. */
  load: { asked: WithPin & Readonly<{ key: LoadedKey }>; answer: string }
  /** Leaves the keys of these ids and nothing else, reads them back, and deletes the transport key. */
  finish: { asked: WithPin & Readonly<{ ids: readonly string[] }>; answer: true }
  /** CKA_IDs of the certificates on the card, without its PIN. */
  read: { asked: Place; answer: readonly string[] }
  /** Whether each key decrypts what its certificate enciphered. */
  test: { asked: WithPin & Readonly<{ ids: readonly string[] }>; answer: boolean }
  /** Sets the PIN by the PUK; false where the PUK is not the card's. */
  setPin: { asked: WithPin & Readonly<{ soPin: string }>; answer: boolean }
  /** RSAES-OAEP with SHA-1. `wrong`: the PIN, or what does not decrypt. */
  decrypt: {
    asked: WithPin & Readonly<{ id: string; ciphertext: Uint8Array }>
    answer: Readonly<{ clear: Uint8Array }> | Readonly<{ wrong: 'pin' | 'ciphertext' }>
  }
}>

export type CardAct = keyof CardActs
export type CardAsked<A extends CardAct> = CardActs[A]['asked']
export type CardAnswer<A extends CardAct> = CardActs[A]['answer']

/** RFC 5649 by the number of the module's mechanism (hsm/pkcs11/protocol.ts). */
export type CardModule = Readonly<{ module: string; wrapMechanism: number }>
export type ToCards =
  | Readonly<{ open: CardModule }>
  | Readonly<{ nth: number; act: CardAct; asked: object }>
  | Readonly<{ close: true }>
