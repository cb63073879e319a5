// The ports of custody, implemented by hsm/: service keys, the escrow, cards, and outputs that wait to be collected.
// Escrowed keys are only ever wrapped; for a card they stay so until they are on it. What leaves in clear is for one delivery, and is
// zeroised by its user.
import type { Algorithm } from '../domain/lists.ts'
import type { HandedPart } from './handedOver.ts'
import type { Signer } from './signer.ts'

/** A key pair as its module describes it. */
export type KeyDescription = Readonly<{
  spki: Uint8Array
  /** As they were read back from the module, by their PKCS#11 names; a file has none of those that a token keeps. */
  attributes: Readonly<Record<string, boolean | number | string>>
}>

/** Service keys: generated once, found again by id, used only to sign. */
export type ServiceKeys = Readonly<{
  /** Idempotent on `id`: a key that exists is found again. */
  generate: (key: { id: string; purpose: string; algorithm: Algorithm }) => Promise<KeyDescription>
  signer: (id: string) => Promise<Signer>
  /** What the module says of a key now. @throws KeyFault `keyMissing` when there is none */
  describe: (id: string) => Promise<KeyDescription>
  /**
   * Removes the key for ever, and shows that it signs no more (CGU-90). What was open to sign with it is closed first: an armed signature
   * outlives its key. @returns what a signature answers now, and how many sessions were closed
   */
  destroy: (id: string) => Promise<Readonly<{ failedUseCode: string; sessionsClosed: number }>>
  /** How often each key has signed, as whoever holds it counts; `uncertain` of them perhaps never, for a stop cut them off. */
  signatures: () => Promise<Readonly<Record<string, Readonly<{ signatures: number; uncertain: number }>>>>
  /** Names of the custody module and of the token, for the minutes. */
  module: string
  token: string
}>

export type EscrowRecord = Readonly<{
  blobSha256: string
  recordMac: string
  kek: string
  generatedAt: string
  testedAt: string
  from: string
  until: string
}>

/**
 * A private key for one card, wrapped for the transport key that the card itself made: nobody between the escrow and the card
 * can open it.
 */
export type WrappedForCard = Readonly<{
  /** An AES-256 key of this one wrapping, under the transport key (RSAES-OAEP with SHA-1, RFC 8017 7.1). */
  transport: Uint8Array
  /** The key as PKCS#8, under that AES key (RFC 5649). A module may have put up to seven zero octets behind the DER. */
  blob: Uint8Array
}>

export type Escrow = Readonly<{
  /** The RSA-3072 key set aside for this serial: the same one however often it is asked. Durable before it is answered. */
  reserve: (serial: string) => Promise<{ spkiSha256: string; spki: Uint8Array }>
  /** Gives up a reserved key that turned out to be certified already; `reserve` will set another aside. */
  discard: (serial: string) => Promise<void>
  /**
   * Keeps the reserved key for the escrow's term. That it can be recovered was proved by decryption when it was made; that it still
   * is that key, its MAC says. Given again, the record made first is answered.
   */
  keep: (record: { serial: string; person: string; from: string; until: string }) => Promise<EscrowRecord>
  /**
   * The private key (PKCS#8, DER) in clear, after the record's MAC and its public key have been checked.
   * The caller overwrites it after use.
   * @param of SHA-256 of the public key that the ledger has certified under this serial: nothing else is released
   * @throws a fault with a `code` that says what is wrong, and nothing is delivered
   */
  release: (serial: string, of?: string) => Promise<Uint8Array>
  /**
   * The private key for a card, after the same checks; it is never in clear outside of custody.
   * @param transportKey SubjectPublicKeyInfo of the card's transport key, DER
   */
  releaseTo: (serial: string, transportKey: Uint8Array, of?: string) => Promise<WrappedForCard>
  /** Every key in custody: nothing is held that the ledger cannot name. */
  inventory: () => Promise<readonly { spkiSha256: string; serial?: string; kept: boolean }[]>
}>

/** A key under its new KEK, as the ledger records it. */
export type Rewrapped = Readonly<{ serial: string; kek: string; blobSha256: string; recordMac: string }>

/** A KEK as its module describes it, and where it is. */
export type KekDescription = Readonly<{
  id: string
  module: string
  token: string
  attributes: Readonly<Record<string, boolean | number | string>>
}>

/** In stock, set aside for a serial, kept for its term, or given up: never to be used. */
export type KeyState = 'stock' | 'reserved' | 'kept' | 'discarded'

/** Nothing new is put under a KEK that was retired; one that was destroyed is destroyed again wherever it comes back. */
export type KekState = 'retired' | 'destroyed'

/** What becomes of escrowed keys over the years (CGU-41, CGU-116). */
export type EscrowCare = Readonly<{
  /** The KEK that new keys are put under: that of the year, or the one that took its place. */
  currentKek: () => Promise<KekDescription>
  /** Nothing new is put under this KEK any more. */
  retireKek: (kek: string) => Promise<void>
  /** What the vault says of the KEKs that nothing new is put under. */
  keks: () => Promise<ReadonlyMap<string, KekState>>
  /** Every key, in the order of their names, as it lies there when its turn comes. @param after begins behind this name */
  rows: (after?: string) => AsyncIterable<
    Readonly<{
      spkiSha256: string
      kek: string
      serial?: string
      state: KeyState
    }>
  >
  /** How many keys lie under each KEK, whatever for. */
  countsByKek: () => Promise<ReadonlyMap<string, number>>
  /**
   * Moves a key under another KEK: unwrapped and wrapped where the KEKs are, opened again there, then written in the place of the old
   * one. Given again, it answers what is there. @returns undefined for a key that is nobody's, which the ledger knows nothing of
   * @throws a fault with a `code`, and the row is as it was
   */
  rewrap: (spkiSha256: string, to: string) => Promise<Rewrapped | undefined>
  /**
   * Keys for who takes the escrow over: each after its record, its MAC and its public half have been checked, wrapped anew where the KEKs
   * are, and opened there once more. What does not hold goes not, and says why. The rows stay as they are.
   * @param successor SubjectPublicKeyInfo, DER: RSA of 3072 bits at least
   * @param keys by their serial, as the ledger has it
   */
  handOver: (
    asked: Readonly<{
      successor: Uint8Array
      label: string
      keys: readonly Readonly<{ spkiSha256: string; serial: string }>[]
    }>,
  ) => Promise<HandedPart>
  /** Whether there is a row of this name, whatever for. */
  holds: (spkiSha256: string) => Promise<boolean>
  /** Removes a key, overwritten where the store can; given again, nothing happens. @returns how many copies were there */
  destroyKey: (spkiSha256: string) => Promise<number>
  /** SHA-256 of the public key that lies under a serial. */
  keyOf: (serial: string) => Promise<string | undefined>
  /**
   * Destroys a KEK where it is, and with it every backup of what lay under it. Given again, nothing happens.
   * @throws a fault with the code `kekNeeded` while a key lies under it
   */
  destroyKek: (kek: string) => Promise<Readonly<{ failedUseCode: string }>>
  /** Destroys again what the vault says was destroyed: a token may have been restored. @returns the KEKs that were there */
  destroyKeksAgain: () => Promise<readonly string[]>
  /** Up to where in the ledger its destructions have been carried out in these rows (commands/purge.ts). */
  purgedTo: () => Promise<string | undefined>
  setPurgedTo: (position: string) => Promise<void>
  /** Every key that is not kept, and the KEK that it lies under. */
  unkept: () => Promise<readonly Readonly<{ spkiSha256: string; state: KeyState; kek?: string }>[]>
  /** What these keys are; nothing of those that are not there. @param names SHA-256 of SubjectPublicKeyInfo, hex */
  statesOf: (names: readonly string[]) => Promise<ReadonlyMap<string, KeyState>>
  /** The last count of the stock, as who made it wrote it down (commands/keyStock.ts). */
  stockCount: () => Promise<string | undefined>
  setStockCount: (count: string) => Promise<void>
}>

/** Recovered keys, enciphered, that wait for their one delivery; found by the SHA-256 that the ledger names. */
export type Deliveries = Readonly<{
  /** @param passphrase what a file is under that nobody's certificate opens: kept with it, and gone with it */
  put: (sha256: string, bytes: Uint8Array, passphrase?: string) => Promise<void>
  take: (sha256: string) => Promise<Uint8Array | undefined>
  passphraseOf: (sha256: string) => Promise<string | undefined>
  remove: (sha256: string) => Promise<void>
  /** Every output that is kept: nothing is held that the ledger does not name. */
  inventory: () => Promise<readonly string[]>
}>

/** What the cards of a driver take: asked before a session begins. */
export type CardCapabilities = Readonly<{
  /** The model that the policy has them under (`card.models`). */
  model: string
  /** RSA, in bits. */
  keySizes: readonly number[]
  /** Keys that a card holds. */
  slots: number
  /** The longest PIN that a card takes. */
  pinDigits: number
}>

/** One key as it goes onto a card. */
export type CardKey = Readonly<{
  serial: string
  /** DER. */
  certificate: Uint8Array
  /** What programs that show the card call it. */
  label: string
  key: WrappedForCard
}>

/**
 * The card, or what it lies in, does not answer. Nothing is known to be wrong with the card, nor how far it has come: once it is
 * back, the same act is given again.
 */
export class CardUnreachable extends Error {
  override readonly name: string = 'CardUnreachable'
}

/** What came of an unblocking. `triesLeft`: of the PUK, where it was tried. */
export type Unblocking =
  Readonly<{ unblocked: true }> | Readonly<{ unblocked: false; fault: string; triesLeft?: number }>

/**
 * Cards at the desks. A card's PIN is set by its holder and known to nobody else. Every act on a card may be given again.
 * @throws CardUnreachable, CardFault (cardFault.ts) from any act on a card
 */
export type Cards = Readonly<{
  capabilities: CardCapabilities
  /** True while a card that is put there can be reached; else, in a word, why not. Looks at no card. */
  health: () => Promise<true | string>
  /**
   * Readies a card to take keys: initialises a blank one, and has the card make a transport key pair. On a card that was begun and
   * not finished, it is the transport key that there is. What a card in use has on it stays until `write`.
   * @returns SubjectPublicKeyInfo, DER
   */
  begin: (card: string) => Promise<Readonly<{ transportKey: Uint8Array }>>
  /**
   * Makes the card, which was begun, one that has these keys, newest first, and no others: loads what is not on it yet, reads
   * everything back, and deletes the transport key.
   */
  write: (card: Readonly<{ card: string; keys: readonly CardKey[] }>) => Promise<void>
  /** Serials on the card, newest first; empty for a blank or absent one, and for one that is not finished. */
  read: (card: string) => Promise<readonly string[]>
  /** Decrypts a challenge with each key on the card, before the PIN is set. */
  testDecryption: (card: string) => Promise<boolean>
  definePin: (card: Readonly<{ card: string; pin: string }>) => Promise<void>
  /** CGU-53: opens a blocked card by its PUK, without the PIN: its holder defines a new one. Given again, it changes nothing. */
  unblock: (card: string) => Promise<Unblocking>
  /**
   * Erases the card. @returns whether this card was erased, now or before; false where only a blank one is there, of which nobody can
   * say whether it is the one: nothing was done. One in software is nowhere but in its store: not there, it bears nothing
   * @throws CardUnreachable where the card is not there
   */
  erase: (card: string) => Promise<boolean>
}>

/** An account is a name, and a name may pass to somebody else: a journal belongs to one person's account in one quarter. */
export type JournalKey = Readonly<{ account: string; person: string; quarter: string }>

/** Which journal a person writes in under an account, by quarter. */
export type Journals = Readonly<{
  journalOf: (key: JournalKey) => Promise<string | undefined>
  /** Sets it where there is none yet. @returns the one that there is: of two that are set at once, the first */
  setJournal: (key: JournalKey, journal: string) => Promise<string>
}>
