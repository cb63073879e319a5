// What becomes of escrowed keys over the years: each year has a KEK; keys move from one KEK to another, one atomic write each; a key
// is destroyed at the end of its term, and a KEK once nothing lies under it (CGU-41, CGU-116).
import type { Instant } from '../domain/kernel.ts'
import type { EscrowCare, KekState, Rewrapped } from '../pki/custody.ts'
import type { HandedOver } from '../pki/handedOver.ts'
import { sha256 } from './digest.ts'
import { isKept, type KeptRow, type Records } from './escrowRecord.ts'
import type { EscrowRow, EscrowStore } from './escrowStore.ts'
import { KeyFault } from './keyFault.ts'
import type { EscrowKek, WrappingKeys } from './wrapping.ts'

/** The KEK and the rows themselves, where the port has what may be known of them. */
export type OpenEscrowCare = Omit<EscrowCare, 'currentKek' | 'rows'> &
  Readonly<{ currentKek: () => Promise<EscrowKek>; rows: EscrowStore['rows'] }>

type Asked = Readonly<{ spkiSha256: string; serial: string }>

/** Changed is for this one key; out of reach is for all of them. */
const refusalOf = (error: unknown): string => {
  if (error instanceof KeyFault && error.code !== 'custody') return error.code
  throw error
}

/** Acts on one key, one after the other. */
export type InKeyTurn = <T>(spkiSha256: string, act: () => Promise<T>) => Promise<T>

type Parts = Readonly<{
  store: EscrowStore
  keys: WrappingKeys
  records: Records
  now: () => Instant
  inKeyTurn: InKeyTurn
  /** Told of each key that goes. */
  gone: (spkiSha256: string) => void
}>

const rewrappedOf = ({ serial, kek, kept: { blobSha256, recordMac } }: KeptRow): Rewrapped => ({
  ...{ serial, kek, blobSha256, recordMac },
})

export const openEscrowCare = async (parts: Parts): Promise<OpenEscrowCare> => {
  const { store, keys, records, now, inKeyTurn, gone } = parts
  const keks = new Map(await store.keks())
  const setKek = async (kek: string, state: KekState): Promise<void> => {
    await store.setKek(kek, state)
    keks.set(kek, state)
  }

  /**
   * The one of this year that is not given up. No label is used twice: what is made is numbered by how many were given up before, of
   * whichever year, and one of an earlier number that is not there any more was destroyed.
   */
  const currentKek = async (): Promise<EscrowKek> => {
    const year = now().slice(0, 4)
    const labelOf = (nth: number): string => (nth === 1 ? `escrow-${year}` : `escrow-${year}.${nth}`)
    const last = keks.size + 1
    for (let nth = 1; nth < last; nth += 1) {
      const kek = await keys.findEscrowKek(labelOf(nth))
      if (kek !== undefined && !keks.has(kek.id)) return kek
    }
    return await keys.escrowKek(labelOf(last))
  }

  /** The row under the new KEK, its MACs with it. */
  const moved = async (row: EscrowRow, to: string, blob: Buffer): Promise<EscrowRow> => {
    const bare = { ...row, blob, kek: to, octets: blob.length }
    const testedAgain = async (at: string | undefined) =>
      at === undefined ? {} : { tested: { at, mac: await records.testedMac(bare, at) } }
    const keptAgain = async ({ serial, kept }: EscrowRow) => {
      if (kept === undefined || serial === undefined) return {}
      const { recordMac: _, ...facts } = { ...kept, blobSha256: sha256(blob) }
      return { kept: { ...facts, recordMac: await records.keptMac(bare, serial, facts) } }
    }
    const [tested, kept] = await Promise.all([testedAgain(row.tested?.at), keptAgain(row)])
    return { ...bare, ...tested, ...kept }
  }

  const rewrap: EscrowCare['rewrap'] = async (spkiSha256, to) => {
    const row = await store.byKey(spkiSha256)
    if (row === undefined) throw new KeyFault('the escrowed key is missing', { code: 'keyNotHeld' })
    if (isKept(row)) await records.requireKept(row, undefined)
    else await records.requireTested(row)
    if (row.kek === to) return isKept(row) ? rewrappedOf(row) : undefined
    // Back to one that is given up: it would never be empty.
    if (keks.has(to)) throw new KeyFault(`the KEK ${to} was retired: nothing is put under it`)
    await keys.escrowKekById(to)
    const from = await keys.escrowKekById(row.kek)
    const after = await moved(row, to, await from.rewrap(row.blob, spkiSha256, to))
    await store.replace(row, after)
    return isKept(after) ? rewrappedOf(after) : undefined
  }

  /** A row that may go out, once it has been shown to be the one that was kept. */
  const whole = async ({ spkiSha256, serial }: Asked): Promise<KeptRow> => {
    const row = await store.byKey(spkiSha256)
    if (row === undefined || !isKept(row)) throw new KeyFault('no such key is kept', { code: 'keyNotHeld' })
    if (row.serial !== serial)
      throw new KeyFault('the row is kept under another serial', { code: 'rowSwapped' })
    await records.requireKept(row, spkiSha256)
    await keys.escrowKekById(row.kek)
    return row
  }

  const handOver: EscrowCare['handOver'] = async ({ successor, label, keys: asked }) => {
    const looked = await Promise.all(
      asked.map((one) => whole(one).catch((error: unknown) => ({ refused: refusalOf(error) }))),
    )
    const rows = looked.flatMap((one) => ('refused' in one ? [] : [one]))
    const { keys: sent, ...part } = await keys.sendTo({ successor, label, keys: rows })
    let nth = 0
    const handed = looked.map((one, i): HandedOver => {
      const { spkiSha256, serial } = asked[i] as Asked
      if ('refused' in one) return { spkiSha256, serial, ...one }
      const outcome = sent[nth]
      nth += 1
      if (outcome === undefined || !('blob' in outcome))
        return { spkiSha256, serial, refused: outcome?.refused ?? 'custody' }
      const { spki, kek, generatedAt, kept } = one
      const { person, testedAt, from, until, blobSha256: keptSha256 } = kept
      return {
        ...{ spkiSha256, serial, spki, person, generatedAt, testedAt, from, until },
        ...{ kek, keptSha256, blob: outcome.blob },
      }
    })
    return { ...part, keys: handed }
  }

  const destroyKey: EscrowCare['destroyKey'] = async (spkiSha256) => {
    gone(spkiSha256)
    const present = await store.byKey(spkiSha256)
    // Of a row that is not there as well: an earlier removal may have been cut short.
    await store.remove(spkiSha256)
    return present === undefined ? 0 : 1
  }

  const destroyKek: EscrowCare['destroyKek'] = async (kek) => {
    const needed = (await store.countsByKek()).get(kek) ?? 0
    if (needed > 0)
      throw new KeyFault(`${needed} keys lie under the KEK ${kek}: it cannot be destroyed`, {
        code: 'kekNeeded',
      })
    // Said first: where the act is cut off, the next start finds it and goes on.
    await setKek(kek, 'destroyed')
    return await keys.destroyEscrowKek(kek)
  }

  return {
    ...{ currentKek, handOver, destroyKek },
    rewrap: (spkiSha256, to) => inKeyTurn(spkiSha256, () => rewrap(spkiSha256, to)),
    destroyKey: (spkiSha256) => inKeyTurn(spkiSha256, () => destroyKey(spkiSha256)),
    keks: async () => keks,
    rows: store.rows,
    countsByKek: store.countsByKek,
    retireKek: async (kek) => {
      if (!keks.has(kek)) await setKek(kek, 'retired')
    },
    holds: async (spkiSha256) => (await store.byKey(spkiSha256)) !== undefined,
    keyOf: async (serial) => (await store.bySerial(serial))?.spkiSha256,
    destroyKeksAgain: async () => {
      const found: string[] = []
      for (const [kek, state] of keks) {
        if (state !== 'destroyed' || !(await records.hasKek(kek))) continue
        await keys.destroyEscrowKek(kek)
        found.push(kek)
      }
      return found
    },
    purgedTo: store.purgedTo,
    setPurgedTo: store.setPurgedTo,
    unkept: store.unkept,
    statesOf: store.statesOf,
    stockCount: store.stockCount,
    setStockCount: store.setStockCount,
  }
}
