// CGU-38, CGU-41: the escrow. Holder keys lie wrapped (RFC 5649) under the year's KEK; each record is authenticated, so
// that no two can be exchanged. A key in clear exists in memory only, for as long as one act takes.
import type { Instant } from '../domain/kernel.ts'
import { openTurns } from '../domain/turns.ts'
import type { Escrow, EscrowRecord } from '../pki/custody.ts'
import { sha256 } from './digest.ts'
import { openEscrowCare, type InKeyTurn, type OpenEscrowCare } from './escrowCare.ts'
import { isKept, openRecords, type KeptRow } from './escrowRecord.ts'
import type { EscrowRow, EscrowStore, Held } from './escrowStore.ts'
import { KeyFault } from './keyFault.ts'
import type { MakePair } from './wrappedKey.ts'
import type { EscrowKek, WrappingKeys } from './wrapping.ts'

export type SoftwareEscrow = Omit<Escrow, 'inventory'> &
  OpenEscrowCare &
  Readonly<{
    inventory: () => Promise<readonly Held[]>
    /** Generates keys ahead until `count` wait in stock, or `goesOn` says no. @returns how many were made */
    fillStock: (count: number, goesOn?: () => boolean) => Promise<number>
  }>

const notHeld = (message: string): KeyFault => new KeyFault(message, { code: 'keyNotHeld' })

export const openEscrow = async (
  store: EscrowStore,
  parts: Readonly<{
    keys: WrappingKeys
    now: () => Instant
    holderKeys?: MakePair
  }>,
): Promise<SoftwareEscrow> => {
  const { keys, now, holderKeys } = parts
  const records = openRecords(keys, await keys.recordMac('escrow-records'))
  // What concerns one serial goes one after the other, and so does what concerns one key. Who has a serial's turn may wait for a key's, and
  // never the other way round.
  const inTurn = openTurns()
  const inKeyTurn: InKeyTurn = (spkiSha256, act) => inTurn(`key ${spkiSha256}`, act)
  const inSerialTurn = <T>(serial: string, act: () => Promise<T>): Promise<T> =>
    inTurn(`serial ${serial}`, act)
  /** Oldest first: neither set aside nor given up. */
  const stock = new Set(await store.stock())
  const gone = (spkiSha256: string): void => void stock.delete(spkiSha256)
  const care = await openEscrowCare({ store, keys, records, now, inKeyTurn, gone })

  /** A fresh key, wrapped, shown to be recoverable, and written: nobody waits for that at a desk. */
  const make = async (): Promise<string> => {
    const kek = await care.currentKek()
    const { spki, blob } = await (holderKeys === undefined ? kek.makePair() : taken(kek, holderKeys))
    const key = { spkiSha256: sha256(spki), kek: kek.id, generatedAt: now(), blob }
    await kek.prove(blob, key.spkiSha256)
    const at = now()
    const tested = { at, mac: await records.testedMac(key, at) }
    await store.add({ ...key, spki, octets: blob.length, tested, state: 'stock' })
    return key.spkiSha256
  }

  const takeFromStock = (): string | undefined => {
    const [oldest] = stock
    if (oldest !== undefined) stock.delete(oldest)
    return oldest
  }

  /**
   * @returns undefined where the key cannot be had from the stock: it was destroyed, or set aside by a write whose answer was lost; or its
   * KEK is gone, as with a token that was restored from before it, and nobody could recover what is certified with it
   */
  const setAside = async (spkiSha256: string, serial: string): Promise<EscrowRow | undefined> => {
    // What could not be found out, or written, says nothing against the key: it stays in the stock.
    const orBack = <T>(act: Promise<T>): Promise<T> =>
      act.catch((error: unknown) => {
        stock.add(spkiSha256)
        throw error
      })
    const row = await orBack(store.byKey(spkiSha256))
    if (row?.state !== 'stock' || !(await orBack(records.hasKek(row.kek)))) return undefined
    records.requirePublicHalf(row)
    await orBack(store.replace(row, { ...row, state: 'reserved', serial }))
    return row
  }

  const reserve = async (serial: string): Promise<{ spkiSha256: string; spki: Uint8Array }> => {
    let row = await store.bySerial(serial)
    if (row !== undefined) records.requirePublicHalf(row)
    while (row === undefined) {
      const spkiSha256 = takeFromStock() ?? (await make())
      row = await inKeyTurn(spkiSha256, () => setAside(spkiSha256, serial))
    }
    return { spkiSha256: row.spkiSha256, spki: row.spki }
  }

  /** An act on the row of a serial, in turn with whatever else concerns its key; the row is what it is by then. */
  const onRow = <T>(serial: string, act: (row: EscrowRow | undefined) => Promise<T>): Promise<T> =>
    inSerialTurn(serial, async () => {
      const found = await store.bySerial(serial)
      if (found === undefined) return act(undefined)
      return inKeyTurn(found.spkiSha256, async () => act(await store.bySerial(serial)))
    })

  const keep = async (
    { serial, person, from, until }: Parameters<Escrow['keep']>[0],
    row: EscrowRow | undefined,
  ): Promise<EscrowRecord> => {
    if (row === undefined) throw notHeld(`no key is set aside for ${serial}`)
    if (isKept(row)) {
      // That it says so is no proof of it: who can write the vault can write that as well.
      await records.requireKept(row, row.spkiSha256)
      await records.requireTested(row)
      if (row.kept.person === person) return recordOf(row)
      throw new KeyFault(`the key of ${serial} is kept for somebody else`, { code: 'keyTaken' })
    }
    const testedAt = row.tested?.at ?? now()
    const facts = { person, blobSha256: sha256(row.blob), testedAt, from, until }
    const [recordMac] = await Promise.all([records.keptMac(row, serial, facts), records.requireTested(row)])
    const kept: KeptRow = { ...row, serial, state: 'kept', kept: { ...facts, recordMac } }
    await store.replace(row, kept)
    return recordOf(kept)
  }

  /** What is kept for a serial, once its record and its blob have been shown to be those that were written. */
  const verified = async (
    serial: string,
    of: string | undefined,
  ): Promise<Readonly<{ kek: EscrowKek; blob: Buffer; spkiSha256: string }>> => {
    const row = await store.bySerial(serial)
    if (row === undefined || !isKept(row)) throw notHeld(`no key is kept for ${serial}`)
    await records.requireKept(row, of)
    return { kek: await keys.escrowKekById(row.kek), blob: row.blob, spkiSha256: row.spkiSha256 }
  }

  const release: Escrow['release'] = async (serial, of) => {
    const { kek, blob, spkiSha256 } = await verified(serial, of)
    return await kek.release(blob, spkiSha256)
  }

  const releaseTo: Escrow['releaseTo'] = async (serial, transportKey, of) => {
    const { kek, blob, spkiSha256 } = await verified(serial, of)
    return await kek.releaseTo(blob, spkiSha256, transportKey)
  }

  const discard = async (serial: string, row: EscrowRow | undefined): Promise<void> => {
    if (row === undefined) return
    if (isKept(row)) throw new KeyFault(`the key of ${serial} is kept for its term`, { code: 'keyTaken' })
    const { serial: _, ...free } = row
    // The key stays, wrapped: should another serial have been certified with it, it alone can give that one's data back.
    await store.replace(row, { ...free, state: 'discarded' })
  }

  return {
    ...care,
    reserve: (serial) => inSerialTurn(serial, () => reserve(serial)),
    keep: (record) => onRow(record.serial, (row) => keep(record, row)),
    discard: (serial) => onRow(serial, (row) => discard(serial, row)),
    release,
    releaseTo,
    inventory: store.inventory,
    fillStock: async (count, goesOn = () => true) => {
      let made = 0
      for (; stock.size < count && goesOn(); made += 1) stock.add(await make())
      return made
    },
  }
}

/** A pair of another source, wrapped. */
const taken = async (kek: EscrowKek, source: MakePair): Promise<Readonly<{ spki: Buffer; blob: Buffer }>> => {
  const pair = await source()
  try {
    return { spki: pair.publicKey, blob: await kek.adopt(pair) }
  } finally {
    pair.privateKey.fill(0)
  }
}

const recordOf = ({ kek, generatedAt, kept: { person: _, ...kept } }: KeptRow): EscrowRecord => ({
  ...{ kek, generatedAt },
  ...kept,
})
