// The sealed ledger: what commands, projections and the command line see of the event store. Bodies are
// `{ v, at, pub, sealed }` (proofs.md 1.1); nothing else is stored, and store metadata stays empty.
import type { Aggregate, Json, Stored } from '../domain/kernel.ts'
import type { Env } from '../domain/event.ts'
import type { Expected, Position } from './store.ts'

/** One sealed field as stored: key id, commitment, and base64 of nonce || ciphertext || tag. */
export type SealedField = Readonly<{ k: string; c: string; ct: string }>

/** The stored body. Leaves hash these bytes' digests, never upcast output. */
export type Body = Readonly<{
  v: 1
  at: string
  pub: Readonly<Record<string, Json>>
  sealed: Readonly<Record<string, SealedField>>
}>

/** An event as the ledger holds it, still sealed. */
export type Entry = Readonly<{
  stream: string
  revision: number
  id: string
  type: string
  position: Position
  body: Body
}>

/** A fact about to be written: public fields without `env`, and for each sealed field its value and key id. */
export type Draft = Readonly<{
  id: string
  type: string
  pub: Readonly<Record<string, Json>>
  env: Omit<Env, 'nonce'>
  sealed: Readonly<Record<string, { keyId: string; value: Json }>>
}>

export type Loaded<S> = Readonly<{
  state: S
  /** Last revision, or -1. */
  revision: number
  /** Ids of the stream's events with their positions: how a repeated command is known. */
  written: ReadonlyMap<string, Position>
}>

export type Follower = AsyncIterable<Entry | 'caughtUp'> & Readonly<{ stop: () => Promise<void> }>

export type Ledger = Readonly<{
  /** Folds one stream. An absent stream is `initial` at revision -1. */
  load: <S, E>(aggregate: Aggregate<S, E>, id: string) => Promise<Loaded<S>>
  /** As `load`, of what is public alone: sealed fields are as destroyed ones, and no data key is fetched. */
  loadPublic: <S, E>(aggregate: Aggregate<S, E>, id: string) => Promise<Loaded<S>>
  /** Last revision of a stream, or -1, without reading it. */
  lastRevision: (stream: string) => Promise<number>
  /**
   * Seals and appends. Idempotent on the drafts' ids at the same expectation.
   * @throws WrongExpectedVersion, LedgerFault
   */
  append: (stream: string, drafts: readonly Draft[], expected: Expected) => Promise<Position>
  /** Every ledger entry in order, from after `after` (default: the first). System events are left out. */
  entries: (after?: Position) => AsyncIterable<Entry>
  stream: (stream: string) => AsyncIterable<Entry>
  /** The entry of a stream at a revision, or undefined where there is none. */
  entryAt: (stream: string, revision: number) => Promise<Entry | undefined>
  /** Entries from after `after`, then live ones for ever; `'caughtUp'` once in between. */
  follow: (after?: Position) => Follower
  /** Position of the newest ledger entry, or undefined for an empty ledger. */
  head: () => Promise<Position | undefined>
  /** Opens what can be opened: a field whose data key is gone becomes `{ destroyed: true }`. @throws on a broken seal */
  open: (entry: Entry) => Promise<Stored>
  /** As `open` with an empty key store: every sealed field is `{ destroyed: true }`. Synchronous, for the public projections. */
  publicPart: (entry: Entry) => Stored
  close: () => Promise<void>
}>

/** Where data keys live (the vault; never the ledger). Key id: `<class>_<unit id>`, as `escrow_7f37…`. */
export type DataKeys = Readonly<{
  /** The unit's key, made and stored durably on first use. 32 octets. */
  obtain: (keyId: string) => Promise<Uint8Array>
  /** The unit's key, or undefined when it was destroyed or never existed. */
  find: (keyId: string) => Promise<Uint8Array | undefined>
}>
