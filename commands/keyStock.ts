// CGU-60: « La génération d’une nouvelle bi-clé est systématique pour toute délivrance d’un certificat. » Keys are made ahead for that and
// lie wrapped until one is handed out. The stock is accounted for: what was there at the last count, what was made, what the ledger
// says was handed out, what was given up, and what is there now have to agree, key by key. The list itself stays in the vault; its
// digest is in the ledger, so that a list which was changed, or which comes from a backup, is known by it.
import { escrowed, key } from '../domain/key.ts'
import { accept, refuse, type Command, type Decider, type Instant } from '../domain/kernel.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EscrowCare } from '../pki/custody.ts'
import { sha256 } from './issuing.ts'
import { perform, type Service } from './program.ts'
import { positionOf, textOf } from './purge.ts'

type Counted = Extract<ServiceKeyEvent, { type: 'KeyStockCounted' }>['data']
export type CountKeyStock = Command<'CountKeyStock', { servicekey: string } & Counted>

export const countKeyStock: Decider<ServiceKey, CountKeyStock, ServiceKeyEvent> = {
  type: 'CountKeyStock',
  who: ['program'],
  aggregate: serviceKey,
  stream: ({ data }) => data.servicekey,
  decide: ({ data: { servicekey: _, ...data } }, state) =>
    state.status === 'live' && state.purpose === 'escrowKek'
      ? accept({ type: 'KeyStockCounted', data })
      : refuse('CGU-06', 'OUT_OF_ORDER', state.status),
}

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

export type StockCount = Omit<Counted, 'faults'> &
  Readonly<{ at: Instant; kek: string; faults: readonly StockFault[] }>

export type StockTools = Readonly<{
  service: Service
  escrow: Pick<EscrowCare, 'currentKek' | 'inventory' | 'keks' | 'stockCount' | 'setStockCount'>
}>

type Order = Readonly<{ key: string; data: CountKeyStock['data']; at: Instant }>
/** As it lies in the vault. `stock`: names of the keys by KEK; `reserved`: those set aside, which were counted as handed out. */
type Account = Readonly<{
  order: Order
  position: string
  stock: Readonly<Record<string, readonly string[]>>
  reserved: readonly string[]
}>

type Keys = ReadonlyMap<string, string>
type Inventory = Awaited<ReturnType<EscrowCare['inventory']>>

/** Names and their KEKs, in an order that is always the same. */
const grouped = (stock: Keys): Account['stock'] => {
  const byKek = new Map<string, string[]>()
  for (const [name, kek] of [...stock].sort()) byKek.set(kek, [...(byKek.get(kek) ?? []), name])
  return Object.fromEntries([...byKek].sort())
}
const digestOf = (stock: Account['stock']): string => sha256(JSON.stringify(stock))
const keysIn = (stock: Account['stock']): Keys =>
  new Map(Object.entries(stock).flatMap(([kek, names]) => names.map((name) => [name, kek] as const)))

/** The digest of the newest count that the ledger has of any of these KEKs. */
const lastListOf = async (ledger: Ledger, keks: readonly string[]): Promise<string | undefined> => {
  let last: Readonly<{ at: string; digest: string }> | undefined
  for (const kek of new Set(keks))
    for await (const { type, body } of ledger.stream(`servicekey-${kek}`))
      if (type === 'KeyStockCounted' && (last === undefined || body.at >= last.at))
        last = { at: body.at, digest: body.pub['listSha256'] as string }
  return last?.digest
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

const statesOf = (inventory: Inventory) =>
  new Map(inventory.map(({ spkiSha256, state }) => [spkiSha256, state]))
const stockOf = (inventory: Inventory): Keys =>
  new Map(
    inventory.flatMap(({ spkiSha256, state, kek = '' }) => (state === 'stock' ? [[spkiSha256, kek]] : [])),
  )
const without = (
  names: Iterable<string>,
  ...others: readonly Readonly<{ has: (one: string) => boolean }>[]
) => [...names].filter((name) => !others.some((other) => other.has(name)))

/** Whether the ledger says that a KEK, and so what lay under it, was to be destroyed. */
const isDoomed = async ({ load }: Ledger, kek: string): Promise<boolean> => {
  const { status } = (await load(serviceKey, kek)).state
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
const isAnyKept = async ({ load }: Ledger, names: readonly string[]): Promise<boolean> => {
  for (const name of names) if (escrowed((await load(key, name)).state) !== undefined) return true
  return false
}

/** The last count that the vault has; its event is written now, where a stop had come between the two. */
const accountOf = async ({ service, escrow }: StockTools): Promise<Account | undefined> => {
  const stored = await escrow.stockCount()
  if (stored === undefined) return undefined
  const account = JSON.parse(stored) as Account
  await record(service, account.order)
  return account
}

const record = ({ ...service }: Service, { key: about, data, at }: Order) =>
  perform({ ...service, now: () => at }, countKeyStock, {
    ...{ key: about, data },
    circumstances: { correlationId: data.servicekey },
  })

/** What lies there, and, where the ledger has gone on meanwhile, what of it has been handed out since it was looked at. */
const lookedAt = async ({ service, escrow }: StockTools, position: string) => {
  const inventory = await escrow.inventory()
  const since = await boundSince(service.ledger, position)
  const stock = stockOf(inventory)
  const states = statesOf(inventory)
  const settled = [...since.bound].every((name) => states.has(name) && !stock.has(name))
  const later = settled ? states : statesOf(await escrow.inventory())
  const moved = [...stock.keys()].filter((name) => since.bound.has(name) && later.get(name) !== 'stock')
  return {
    ...{ since, states },
    stock: new Map([...stock].filter(([name]) => !moved.includes(name))),
    reserved: new Set(
      [...states]
        .filter(([, state]) => state === 'reserved')
        .map(([name]) => name)
        .concat(moved),
    ),
    isHeld: (name: string): boolean => states.has(name) || later.has(name),
  }
}

const namesOf = (found: Readonly<Partial<Record<StockFault, boolean>>>): readonly StockFault[] =>
  Object.entries(found).flatMap(([name, is]) => (is ? [name as StockFault] : []))

/** What the stock is now, beside what it was and what the ledger has of it since. */
const compared = async (tools: StockTools, account: Account | undefined) => {
  const { ledger } = tools.service
  const { since, stock, states, reserved, isHeld } = await lookedAt(
    tools,
    account?.position ?? (await headOf(ledger)),
  )
  const before = keysIn(account?.stock ?? {})
  const counted = new Set(account?.reserved ?? reserved)
  const handedOut = new Set(without([...since.bound, ...reserved], counted, stock))
  const gone = without(before.keys(), stock, handedOut)
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

/**
 * Counts the stock, and records it where `isDue` says so of the last count, or where it does not add up.
 * @param isDue asked with when, and under which KEK, the last count was made; undefined: there was none
 * @returns the count, recorded or not
 * @throws faults of the ledger and of custody: given again, it goes on
 */
export const countStock = async (
  tools: StockTools,
  isDue: (last: Readonly<{ at: Instant; kek: string }> | undefined) => boolean = () => true,
): Promise<StockCount> => {
  const { service, escrow } = tools
  const account = await accountOf(tools)
  const kek = (await escrow.currentKek()).id
  const last = account && { at: account.order.at, kek: account.order.data.servicekey }
  const keks = [kek, ...(await escrow.keks()).keys(), ...(last === undefined ? [] : [last.kek])]
  const known = await lastListOf(service.ledger, keks)
  const found = await compared(tools, account)
  const isOtherList = known !== (account && digestOf(account.stock))
  const faults = namesOf({ stockListDiffers: isOtherList, ...found.found })
  const [stock, at] = [grouped(found.stock), service.now()]
  const { added, bound, discarded, missing } = found
  const counted: Counted = {
    ...{ added, bound, discarded, left: found.stock.size, listSha256: digestOf(stock) },
    ...(missing > 0 ? { missing } : {}),
    ...(faults.length > 0 ? { faults: [...faults] } : {}),
  }
  const count = { ...counted, at, kek, faults }
  if (faults.length === 0 && !isDue(last)) return count
  const order: Order = { key: `${kek}|${at}`, data: { servicekey: kek, ...counted }, at }
  const written: Account = { order, position: found.position, stock, reserved: [...found.reserved] }
  // The vault first: what it says of the stock is then in the ledger by and by, whenever a stop comes.
  await escrow.setStockCount(JSON.stringify(written))
  await record(service, order)
  return count
}
