// What an installation has of custody, whoever holds it: its own process (cli/parts.ts), or a signer process that it asks
// (hsm/signer/client.ts, docs/adr/0026).
import type {
  Cards,
  Deliveries,
  Escrow,
  EscrowCare,
  Journals,
  KekDescription,
  ServiceKeys,
} from '../pki/custody.ts'
import type { VaultDataKeys } from './dataKeys.ts'
import type { Held } from './escrowStore.ts'
import type { Passphrase } from './passphrase.ts'
import type { WrappingKeys } from './wrapping.ts'

/** Keys that wrap stay where they are: of those of the escrow there is a description. */
export type CustodyKeys = ServiceKeys &
  Pick<WrappingKeys, 'mac'> &
  Readonly<{
    /** @throws KeyFault `kekMissing`: destroyed, or never there */
    escrowKekById: (id: string) => Promise<KekDescription>
  }>

export type CustodyEscrow = Omit<Escrow, 'inventory'> &
  EscrowCare &
  Readonly<{
    /** Every key in custody, and what it is held for. */
    inventory: () => Promise<readonly Held[]>
    /** Generates keys ahead until `count` wait in stock, or `goesOn` says no. @returns how many were made */
    fillStock: (count: number, goesOn?: () => boolean) => Promise<number>
  }>

export type CustodyVault = Readonly<{
  /** Fits the ledger's port `DataKeys`. */
  dataKeys: VaultDataKeys
  escrow: CustodyEscrow
  deliveries: Deliveries
  journals: Journals
  /** @throws KeyFault where the vault may no longer be written: its lock was removed, or who holds it is out of reach */
  requireHeld: () => Promise<void>
}>

export type Custody = Readonly<{
  keys: CustodyKeys
  /** True while what holds the keys works; else why not. */
  keysHealth: () => Promise<true | string>
  vault: CustodyVault
  cards: Cards
  /** Under which the registers lie on disk (cli/registersFile.ts). */
  registersKey: Buffer
  passphraseFrom: Passphrase['from']
  close: () => Promise<void>
}>

/** Custody in the process that holds it: it can hand a key of pseudonyms over. */
export type HeldCustody = Custody & Readonly<{ keys: CustodyKeys & Pick<WrappingKeys, 'macKey'> }>
