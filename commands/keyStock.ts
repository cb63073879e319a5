// CGU-60: « La génération d’une nouvelle bi-clé est systématique pour toute délivrance d’un certificat. » Keys are made ahead for that and
// lie wrapped until one is handed out. The stock is accounted for: what was there at the last count, what was made, what the ledger
// says was handed out, what was given up, and what is there now have to agree, key by key. The list itself stays in the vault; its
// digest is in the ledger, so that a list which was changed, or which comes from a backup, is known by it.
import { accept, refuse, type Command, type Decider, type Instant } from '../domain/kernel.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EscrowCare } from '../pki/custody.ts'
import { recordKek } from './escrowKeks.ts'
import { perform, type Service } from './program.ts'
import { compared, digestOf, grouped, namesOf, type Listed, type StockFault } from './stockBalance.ts'

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

export type StockCount = Omit<Counted, 'faults'> &
  Readonly<{
    at: Instant
    kek: string
    faults: readonly StockFault[]
    /** Nothing has ever been counted, and nothing was now. */
    isFirst: boolean
  }>

export type StockTools = Readonly<{
  service: Service
  escrow: Pick<EscrowCare, 'currentKek' | 'unkept' | 'statesOf' | 'keks' | 'stockCount' | 'setStockCount'>
}>

type Order = Readonly<{ key: string; data: CountKeyStock['data']; at: Instant }>
/** As it lies in the vault. */
type Account = Listed & Readonly<{ order: Order }>

/** The digest of the newest count that the ledger has of any of these KEKs. */
const lastListOf = async (ledger: Ledger, keks: readonly string[]): Promise<string | undefined> => {
  let last: Readonly<{ at: string; digest: string }> | undefined
  for (const kek of new Set(keks)) {
    const stream = `servicekey-${kek}`
    // The vault may know a KEK that the ledger does not: one that came and went between two starts.
    if ((await ledger.lastRevision(stream)) < 0) continue
    for await (const { type, body } of ledger.stream(stream))
      if (type === 'KeyStockCounted' && (last === undefined || body.at >= last.at))
        last = { at: body.at, digest: body.pub['listSha256'] as string }
  }
  return last?.digest
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

const sumsOf = (
  { added, bound, discarded, missing, stock }: Awaited<ReturnType<typeof compared>>,
  listSha256: string,
  faults: readonly StockFault[],
): Counted => ({
  ...{ added, bound, discarded, left: stock.size, listSha256 },
  ...(missing > 0 ? { missing } : {}),
  ...(faults.length > 0 ? { faults: [...faults] } : {}),
})

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
  // In its stream stands what is counted.
  const kek = await recordKek(service, await escrow.currentKek())
  const last = account && { at: account.order.at, kek: account.order.data.servicekey }
  const keks = [kek, ...(await escrow.keks()).keys(), ...(last === undefined ? [] : [last.kek])]
  const known = await lastListOf(service.ledger, keks)
  const found = await compared(tools, account)
  const isOtherList = known !== (account && digestOf(account.stock))
  const faults = namesOf({ stockListDiffers: isOtherList, ...found.found })
  const [stock, at] = [grouped(found.stock), service.now()]
  const counted = sumsOf(found, digestOf(stock), faults)
  const count = { ...counted, at, kek, faults }
  // Where nothing was ever made ahead there is nothing to count yet.
  const isDueNow = last === undefined && found.stock.size === 0 ? false : isDue(last)
  if (faults.length === 0 && !isDueNow) return { ...count, isFirst: last === undefined }
  const about = `${kek}|${at}|${counted.listSha256}`
  const order: Order = { key: about, data: { servicekey: kek, ...counted }, at }
  const written: Account = { order, position: found.position, stock, reserved: [...found.reserved] }
  // The vault first: what it says of the stock is then in the ledger by and by, whenever a stop comes.
  await escrow.setStockCount(JSON.stringify(written))
  await record(service, order)
  return { ...count, isFirst: false }
}
