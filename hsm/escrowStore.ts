// Where the rows of the escrow lie (docs/adr/0025): in the enciphered file of the embedded profile, or in PostgreSQL. A row is written
// when it resolves; what is told of it afterwards survives the process and the machine.
import type { Instant } from '../domain/kernel.ts'
import type { KekState, KeyState } from '../pki/custody.ts'

/** What a key is kept with (CGU-38, CGU-41). `person` is the pseudonym by which the ledger knows the holder, and no name. */
export type KeptRecord = Readonly<{
  person: string
  blobSha256: string
  testedAt: Instant
  from: Instant
  until: Instant
  /** Made on the token over the serial, the public key's digest, the holder, the KEK, the blob's digest and the dates. */
  recordMac: string
}>

/** One holder's key, wrapped. */
export type EscrowRow = Readonly<{
  /** SHA-256 of SubjectPublicKeyInfo, hex: the row's name. */
  spkiSha256: string
  /** SubjectPublicKeyInfo, DER. */
  spki: Buffer
  /** Id of the KEK that the blob is wrapped under. */
  kek: string
  /** RFC 5649. */
  blob: Buffer
  /** How long the blob was when it was written; rows of earlier releases do not say. */
  octets?: number
  generatedAt: Instant
  /** When it was shown that it can be recovered, and a MAC over that; rows of earlier releases have it with what they are kept with. */
  tested?: Readonly<{ at: Instant; mac: string }>
  state: KeyState
  /** Of a key that is set aside or kept; no two rows have the same. */
  serial?: string
  kept?: KeptRecord
}>

/** What of the escrow's keys can be listed: in stock, set aside for a serial, kept, or never to be used. */
export type Held = Readonly<{
  spkiSha256: string
  serial?: string
  kept: boolean
  state: KeyState
  /** Of a key that is not kept: the KEK that it lies under. */
  kek?: string
}>

export type EscrowStore = Readonly<{
  byKey: (spkiSha256: string) => Promise<EscrowRow | undefined>
  bySerial: (serial: string) => Promise<EscrowRow | undefined>
  /** Adds a row of the stock. @throws KeyFault `keyTaken` when there is one of its name */
  add: (row: EscrowRow) => Promise<void>
  /**
   * Puts `after` in the place of `before`, both of the same name, in one write: whenever the machine stops, one of them is there whole.
   * @throws KeyFault `rowSwapped` when what is there is not `before`; `keyTaken` when another row has its serial
   */
  replace: (before: EscrowRow, after: EscrowRow) => Promise<void>
  /** Removes the row, its blob first; nothing happens where there is none. */
  remove: (spkiSha256: string) => Promise<void>
  /** Names of the keys in stock, oldest first. */
  stock: () => Promise<readonly string[]>
  /** Every key, oldest first. */
  inventory: () => Promise<readonly Held[]>
  /** As `inventory`, of the keys that are not kept: there are few of them, however many are. */
  unkept: () => Promise<readonly Held[]>
  /** What these keys are; nothing of those that are not there. */
  statesOf: (names: readonly string[]) => Promise<ReadonlyMap<string, KeyState>>
  /** Every row, in the order of their names. @param after begins behind this name */
  rows: (after?: string) => AsyncIterable<EscrowRow>
  /** How many keys lie under each KEK, whatever for. */
  countsByKek: () => Promise<ReadonlyMap<string, number>>
  keks: () => Promise<ReadonlyMap<string, KekState>>
  setKek: (kek: string, state: KekState) => Promise<void>
  /** Up to where in the ledger its destructions have been carried out here (commands/purge.ts). */
  purgedTo: () => Promise<string | undefined>
  setPurgedTo: (position: string) => Promise<void>
  /** The last count of the stock, as who made it wrote it down (commands/keyStock.ts). */
  stockCount: () => Promise<string | undefined>
  setStockCount: (count: string) => Promise<void>
  close: () => Promise<void>
}>

/** Whether two rows are the same, octet by octet. */
export const sameRow = (one: EscrowRow, other: EscrowRow): boolean => formOf(one) === formOf(other)

const formOf = ({ spki, blob, kept, tested, ...row }: EscrowRow): string =>
  JSON.stringify([
    ...[row.spkiSha256, row.kek, row.octets, row.generatedAt, row.state, row.serial],
    ...[spki.toString('base64'), blob.toString('base64'), tested?.at, tested?.mac],
    ...[kept?.person, kept?.blobSha256, kept?.testedAt, kept?.from, kept?.until, kept?.recordMac],
  ])
