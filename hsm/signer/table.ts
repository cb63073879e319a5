// What a client may ask of the signer process, every operation by its name, and what the signer tells its clients (docs/adr/0026). All
// of it may be given again after an answer was lost: what was done is found done. A signature alone is made once more, and counted once
// more. Private keys do not come back, but by `escrow.release`, which the port gives to whoever executes a recovery.
import type { CardCapabilities, Cards, Deliveries, Journals, KekDescription } from '../../pki/custody.ts'
import type { Signer } from '../../pki/signer.ts'
import type { Custody, CustodyEscrow, CustodyKeys } from '../custody.ts'
import type { VaultDataKeys } from '../dataKeys.ts'

/** Raised with each change that an older peer would misread. */
export const protocolVersion = 1

/** Keys of MACs that go to a client: those of pseudonyms, and no others. */
export const pseudonyms = ['search', 'subject-names'] as const
export type Pseudonym = (typeof pseudonyms)[number]

/** What a client is told first. */
export type Hello = Readonly<{
  version: number
  module: string
  token: string
  capabilities: CardCapabilities
  registersKey: Uint8Array
  passphraseFrom: Custody['passphraseFrom']
  /** The policy's, under which the keys and the cards were accepted. */
  environment: string
  /** For so long, in milliseconds, a client may use a data key that it keeps without having heard from the signer. */
  leaseMs: number
}>

/** A row of the escrow as it may be known: without its blob. */
export type EscrowEntry = CustodyEscrow extends Readonly<{ rows: () => AsyncIterable<infer R> }> ? R : never

type Named<P extends string, T> = { readonly [K in keyof T & string as `${P}.${K}`]: T[K] }

export type Operations = Readonly<{
  hello: () => Promise<Hello>
  /** Answers: the signer lives, and every data key that was destroyed before has been told of. */
  ping: () => Promise<true>
  /** True while keys and vault are within reach; else why not. */
  health: () => Promise<true | string>
  requireHeld: () => Promise<void>
  'keys.signer': (id: string) => Promise<Pick<Signer, 'spki' | 'algorithm'>>
  'keys.sign': (id: string, tbs: Uint8Array) => Promise<Uint8Array>
  'keys.escrowKekById': (id: string) => Promise<KekDescription>
  'keys.pseudonym': (label: Pseudonym) => Promise<Readonly<{ id: string; key: Uint8Array }>>
  /** Makes one key of the stock, unless `count` wait there. @returns whether it made one */
  'escrow.stock': (count: number) => Promise<boolean>
  /** Entries that follow the one named `after`. `cursor`: the client's number of this reading. */
  'escrow.page': (
    cursor: number,
    after: string,
  ) => Promise<Readonly<{ entries: readonly EscrowEntry[]; isLast: boolean }>>
}> &
  Named<'keys', Pick<CustodyKeys, 'generate' | 'describe' | 'destroy' | 'signatures'>> &
  Named<'dataKeys', VaultDataKeys> &
  Named<'escrow', Omit<CustodyEscrow, 'inventory' | 'rows' | 'fillStock'>> &
  Named<'deliveries', Deliveries> &
  Named<'journals', Journals> &
  Named<'cards', Omit<Cards, 'capabilities'>>

export type Operation = keyof Operations

/** What the signer asks of each client. */
export type Notices = Readonly<{
  /** Overwrites the data key, if it is kept: it was destroyed. */
  forget: (keyId: string) => Promise<void>
}>
