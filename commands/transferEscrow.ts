// CGU-82: the keys of the escrow, part by part, for who takes it over (docs/adr/0031). The ledger says which keys there are: one that the
// vault has lost is told like one that does not hold, and one that the ledger knows as destroyed does not go out, whatever a backup has
// brought back. Nothing is written here, and no more than a part is in memory.
import { key, type Key } from '../domain/key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EscrowCare } from '../pki/custody.ts'
import type { HandedOver, HandedPart } from '../pki/handedOver.ts'

type Named = Readonly<{ spkiSha256: string; serial: string }>
export type TransferTools = Readonly<{
  ledger: Pick<Ledger, 'load' | 'entries'>
  escrow: Pick<EscrowCare, 'rows' | 'handOver' | 'holds'>
}>
export type TransferOrder = Readonly<{
  transfer: string
  /** SubjectPublicKeyInfo of the successor, DER. */
  successor: Uint8Array
  /** How many parts are there already, and the name of the last key in them. */
  done: Readonly<{ parts: number; after: string }>
  /** Keys in a part. */
  size?: number
}>

export type Part = HandedPart &
  Readonly<{
    /** From 1 on. */
    number: number
    label: string
    /** Keys that the ledger has and the vault has not: after all the others. */
    missing: boolean
  }>

/** What is authenticated by the key of a part, to show that it was opened. */
export const labelOf = (transfer: string, number: number): string =>
  `grand-livre/escrow-part/v1|${transfer}|${number}`

/** Somebody's data depend on it. */
const isKept = (held: Key): held is Extract<Key, { status: 'kept' | 'recovering' }> =>
  held.status === 'kept' || held.status === 'recovering'

type Row = Readonly<{ spkiSha256: string; serial?: string; state: string }>

/** What is asked of the vault for a row; or why a key that it keeps is not asked for; nothing for one that is nobody's. */
const askedFor = async (
  { ledger }: TransferTools,
  { spkiSha256, serial, state }: Row,
): Promise<Named | (Named & { refused: string }) | undefined> => {
  const held = (await ledger.load(key, spkiSha256)).state
  if (isKept(held)) return { spkiSha256, serial: held.serial }
  if (state !== 'kept' || serial === undefined) return undefined
  return { spkiSha256, serial, refused: held.status === 'destroyed' ? 'keyDestroyed' : 'notInLedger' }
}

const isRefused = (one: Named): one is Named & { refused: string } => 'refused' in one

/** Keys that stand in the ledger, and of which the vault has no row. */
const lost = async function* ({ ledger, escrow }: TransferTools): AsyncGenerator<Named> {
  for await (const { stream, type } of ledger.entries()) {
    if (type !== 'KeyEscrowed') continue
    const spkiSha256 = stream.slice(stream.indexOf('-') + 1)
    if (await escrow.holds(spkiSha256)) continue
    const held = (await ledger.load(key, spkiSha256)).state
    if (isKept(held)) yield { spkiSha256, serial: held.serial }
  }
}

/** How many keys the ledger says are kept. */
export const countKept = async (ledger: Pick<Ledger, 'entries'>): Promise<number> => {
  let kept = 0
  for await (const { type } of ledger.entries())
    if (type === 'KeyEscrowed') kept += 1
    else if (type === 'EscrowedKeyDestroyed') kept -= 1
  return kept
}

const partSize = 256

/**
 * Every part that is not there yet.
 * @throws KeyFault, LedgerFault: given again with what was done, it goes on
 */
export const handEscrowOver = async function* (
  tools: TransferTools,
  { transfer, successor, done, size = partSize }: TransferOrder,
): AsyncGenerator<Part> {
  let number = done.parts
  const part = async (named: readonly Named[], missing: boolean): Promise<Part> => {
    number += 1
    const label = labelOf(transfer, number)
    const keys = named.filter((one) => !isRefused(one))
    const handed = await tools.escrow.handOver({ successor, label, keys })
    const byName = new Map<string, HandedOver>(handed.keys.map((one) => [one.spkiSha256, one]))
    const all = named.map((one) => (isRefused(one) ? one : (byName.get(one.spkiSha256) as HandedOver)))
    return { ...handed, keys: all, number, label, missing }
  }
  let waiting: Named[] = []
  for await (const row of tools.escrow.rows(done.after)) {
    const asked = await askedFor(tools, row)
    if (asked !== undefined) waiting.push(asked)
    if (waiting.length < size) continue
    yield await part(waiting, false)
    waiting = []
  }
  if (waiting.length > 0) yield await part(waiting, false)
  waiting = []
  for await (const one of lost(tools)) {
    waiting.push(one)
    if (waiting.length < size) continue
    yield await part(waiting, true)
    waiting = []
  }
  if (waiting.length > 0) yield await part(waiting, true)
}
