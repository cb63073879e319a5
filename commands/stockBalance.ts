// The balance of the stock of holders' keys (CGU-60): each key that was there at the last count, or came since, is followed to where it is
// now, by the vault and by the ledger.
import { escrowed, key } from '../domain/key.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Position } from '../ledger/store.ts'
import type { EscrowCare } from '../pki/custody.ts'
import { sha256 } from './issuing.ts'

/**
 * What does not add up; the codes go into the ledger, so none of them is ever renamed.
 *
 * - `stockListDiffers`: the vault's list of the last count is not the one that the ledger has the digest of: it comes from a backup, or was
 *   changed.
 * - `stockKeyMissing`: a key of the last count is gone, and nothing says where to.
 * - `stockKeyBound`: a key lies in stock that the ledger says was handed out.
 * - `stockKeyUnbound`: a key was taken out of the stock and kept for somebody without the ledger.
 * - `escrowedKeyMissing`: the vault does not have a key that the ledger says it keeps.
 */
export type StockFault =
  'stockListDiffers' | 'stockKeyMissing' | 'stockKeyBound' | 'stockKeyUnbound' | 'escrowedKeyMissing'

export type Looking = Readonly<{
  service: Readonly<{ ledger: Ledger }>
  escrow: Pick<EscrowCare, 'unkept' | 'statesOf'>
}>

/** What the last count found. `stock`: names of the keys by KEK; `reserved`: those set aside, which were counted as handed out. */
export type Listed = Readonly<{
  position: string
  stock: Readonly<Record<string, readonly string[]>>
  reserved: readonly string[]
}>

type Keys = ReadonlyMap<string, string>

/** Names and their KEKs, in an order that is always the same. */
export const grouped = (stock: Keys): Listed['stock'] => {
  const byKek = new Map<string, string[]>()
  for (const [name, kek] of [...stock].sort()) byKek.set(kek, [...(byKek.get(kek) ?? []), name])
  return Object.fromEntries([...byKek].sort())
}
export const digestOf = (stock: Listed['stock']): string => sha256(JSON.stringify(stock))
const keysIn = (stock: Listed['stock']): Keys =>
  new Map(Object.entries(stock).flatMap(([kek, names]) => names.map((name) => [name, kek] as const)))

const textOf = ({ commit, prepare }: Position): string => `${commit}/${prepare}`
const positionOf = (text: string): Position => {
  const [commit = '0', prepare = '0'] = text.split('/')
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}

/** Empty: from the beginning. */
const headOf = async (ledger: Ledger): Promise<string> => {
  const head = await ledger.head()
  return head === undefined ? '' : textOf(head)
}

/** The keys that the ledger says were handed out since a position, and how far it was read. */
const boundSince = async (ledger: Ledger, position: string) => {
  const bound = new Set<string>()
  let upTo = position
  for await (const entry of ledger.entries(position === '' ? undefined : positionOf(position))) {
    upTo = textOf(entry.position)
    if (entry.type === 'PublicKeyBound' && entry.body.pub['custody'] === 'escrow')
      bound.add(entry.stream.slice(entry.stream.indexOf('-') + 1))
  }
  return { bound, upTo }
}

const without = (
  names: Iterable<string>,
  ...others: readonly Readonly<{ has: (one: string) => boolean }>[]
) => [...names].filter((name) => !others.some((other) => other.has(name)))

/** Whether the ledger says that a KEK, and so what lay under it, was to be destroyed. */
const isDoomed = async ({ loadPublic }: Ledger, kek: string): Promise<boolean> => {
  const { status } = (await loadPublic(serviceKey, kek)).state
  return status === 'doomed' || status === 'destroyed'
}

/** Of the keys of the last count that are neither in stock nor handed out: how each went. */
const goneFrom = async (
  ledger: Ledger,
  gone: readonly string[],
  { before, states }: Readonly<{ before: Keys; states: ReadonlyMap<string, string> }>,
) => {
  const count = { discarded: 0, missing: 0, unbound: 0 }
  for (const name of gone) {
    const state = states.get(name)
    if (state === 'discarded') count.discarded += 1
    else if (state !== undefined) count.unbound += 1
    else if (await isDoomed(ledger, before.get(name) ?? '')) count.discarded += 1
    else count.missing += 1
  }
  return count
}

/** Whether the ledger says of one of these keys that it is in escrow. */
const isAnyKept = async ({ loadPublic }: Ledger, names: readonly string[]): Promise<boolean> => {
  for (const name of names) if (escrowed((await loadPublic(key, name)).state) !== undefined) return true
  return false
}

/** What lies there, and, where the ledger has gone on meanwhile, what of it has been handed out since it was looked at. */
const lookedAt = async ({ service, escrow }: Looking, position: string) => {
  const unkept = await escrow.unkept()
  const since = await boundSince(service.ledger, position)
  // Behind the ledger: whatever it says was handed out was in the vault before.
  const states = await escrow.statesOf([...since.bound])
  const hasMoved = (name: string): boolean => since.bound.has(name) && states.get(name) !== 'stock'
  const [stock, reserved] = [new Map<string, string>(), new Set<string>()]
  for (const { spkiSha256: name, state, kek = '' } of unkept)
    if (state === 'stock' && !hasMoved(name)) stock.set(name, kek)
    else if (state !== 'discarded') reserved.add(name)
  return { since, stock, reserved, isHeld: (name: string): boolean => states.has(name) }
}

export const namesOf = (found: Readonly<Partial<Record<StockFault, boolean>>>): readonly StockFault[] =>
  Object.entries(found).flatMap(([name, is]) => (is ? [name as StockFault] : []))

/** What the stock is now, beside what it was and what the ledger has of it since. */
export const compared = async (tools: Looking, account: Listed | undefined) => {
  const { ledger } = tools.service
  const { since, stock, reserved, isHeld } = await lookedAt(
    tools,
    account?.position ?? (await headOf(ledger)),
  )
  const before = keysIn(account?.stock ?? {})
  const counted = new Set(account?.reserved ?? reserved)
  const handedOut = new Set(without([...since.bound, ...reserved], counted, stock))
  const gone = without(before.keys(), stock, handedOut)
  const states = await tools.escrow.statesOf(gone)
  const { discarded, missing, unbound } = await goneFrom(ledger, gone, { before, states })
  const found = {
    stockKeyMissing: missing > 0,
    stockKeyBound: [...since.bound].some((name) => stock.has(name)),
    stockKeyUnbound: unbound > 0,
    escrowedKeyMissing: await isAnyKept(
      ledger,
      [...since.bound].filter((name) => !isHeld(name)),
    ),
  } satisfies Partial<Record<StockFault, boolean>>
  return {
    ...{ stock, reserved, found, discarded, position: since.upTo },
    added: without(stock.keys(), before).length + without(handedOut, before).length,
    bound: handedOut.size,
    missing: missing + unbound,
  }
}
