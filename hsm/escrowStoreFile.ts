// The rows of the escrow in the enciphered file of records. A row has up to three records: the wrapped key, which is written once;
// what it is kept with, under its serial; and a word that it was given up. A key that is wrapped anew is written beside the old one,
// then the record of its serial points to it, then the old one is overwritten: that pointer is the one write that counts.
import type { Instant } from '../domain/kernel.ts'
import type { KekState } from '../pki/custody.ts'
import { sameRow, type EscrowRow, type EscrowStore, type Held } from './escrowStore.ts'
import { KeyFault } from './keyFault.ts'
import type { RecordStore } from './recordStore.ts'

/** As it is written. Earlier releases had neither `octets` nor `tested`. */
type KeyRecord = Readonly<{
  kek: string
  generatedAt: Instant
  spki: string
  blob: string
  octets?: number
  tested?: Readonly<{ at: Instant; mac: string }>
}>
/** `wrapping`: which of the key's wrappings, where it is not the first. */
type SerialRecord = Readonly<{
  spkiSha256: string
  wrapping?: number
  kept?: EscrowRow['kept']
}>

type Place = Readonly<{ wrapping: number; serial?: string; discarded: boolean }>

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const keyName = (spkiSha256: string, wrapping: number): string =>
  wrapping === 0 ? `key/${spkiSha256}` : `key/${spkiSha256}.${wrapping}`
const serialName = (serial: string): string => `serial/${serial}`
const discardedName = (spkiSha256: string): string => `discarded/${spkiSha256}`
const kekName = (kek: string): string => `kek/${kek}`
const purgedName = 'purged/'
const countName = 'stock/'
const after = (name: string): string => name.slice(name.indexOf('/') + 1)

const read = (records: RecordStore, name: string): unknown => {
  const bytes = records.get(name)
  return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'))
}

/** The wrappings of each key that are there, in the order in which the keys were made. */
const wrappingsOf = (names: readonly string[]): ReadonlyMap<string, readonly number[]> => {
  const wrappings = new Map<string, number[]>()
  for (const name of names.filter((one) => one.startsWith('key/'))) {
    const [spkiSha256 = '', wrapping = '0'] = after(name).split('.')
    wrappings.set(spkiSha256, [...(wrappings.get(spkiSha256) ?? []), Number(wrapping)])
  }
  return wrappings
}

/** Where each key stands; and what a stop has left of an act: it is removed. */
const index = (records: RecordStore) => {
  const names = [...records.names()]
  const wrappings = wrappingsOf(names)
  const places = new Map<string, Place>()
  const left: string[] = []
  for (const [spkiSha256, written] of wrappings)
    places.set(spkiSha256, { wrapping: Math.max(...written), discarded: false })
  /** Of a key that was being removed nothing but this is left: the blob goes first. */
  const stand = (name: string, spkiSha256: string, is: Partial<Place>): void => {
    const place = places.get(spkiSha256)
    if (place === undefined) left.push(name)
    else places.set(spkiSha256, { ...place, ...is })
  }
  for (const name of names.filter((one) => one.startsWith('discarded/')))
    stand(name, after(name), { discarded: true })
  for (const name of names.filter((one) => one.startsWith('serial/'))) {
    const { spkiSha256, wrapping = 0 } = read(records, name) as SerialRecord
    stand(name, spkiSha256, { wrapping, serial: after(name), discarded: false })
  }
  // Of a key that was being wrapped anew: the one that its serial does not point to, or of two without a serial the old one.
  for (const [spkiSha256, written] of wrappings)
    for (const one of written)
      if (one !== places.get(spkiSha256)?.wrapping) left.push(keyName(spkiSha256, one))
  return { places, left }
}

/** A field that may be absent. */
const present = <N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [K in N]?: T }

const stateOf = ({ serial, discarded }: Place, kept: unknown): EscrowRow['state'] => {
  if (serial !== undefined) return kept === undefined ? 'reserved' : 'kept'
  return discarded ? 'discarded' : 'stock'
}

const rowOf = (records: RecordStore, spkiSha256: string, place: Place): EscrowRow => {
  const key = read(records, keyName(spkiSha256, place.wrapping)) as KeyRecord | undefined
  if (key === undefined) throw new KeyFault('the escrowed key is missing', { code: 'keyNotHeld' })
  const { serial } = place
  const kept = serial === undefined ? undefined : (read(records, serialName(serial)) as SerialRecord).kept
  return {
    ...{ spkiSha256, kek: key.kek, generatedAt: key.generatedAt },
    ...{ spki: Buffer.from(key.spki, 'base64'), blob: Buffer.from(key.blob, 'base64') },
    ...{ ...present('octets', key.octets), ...present('tested', key.tested) },
    ...{ ...present('serial', serial), ...present('kept', kept), state: stateOf(place, kept) },
  }
}

const keyRecord = ({ kek, generatedAt, spki, blob, octets, tested }: EscrowRow): KeyRecord => ({
  ...{ kek, generatedAt, spki: spki.toString('base64'), blob: blob.toString('base64') },
  ...{ ...present('octets', octets), ...present('tested', tested) },
})

/** Opens the rows in a file of records, and overwrites what a stop has left of a key that was removed or wrapped anew. */
export const openFileEscrowStore = async (records: RecordStore): Promise<EscrowStore> => {
  const { places, left } = index(records)
  for (const name of left) await records.remove(name)
  const bySerial = new Map(
    [...places].flatMap(([key, { serial }]) => (serial === undefined ? [] : [[serial, key]])),
  )

  const row = (spkiSha256: string): EscrowRow | undefined => {
    const place = places.get(spkiSha256)
    return place === undefined ? undefined : rowOf(records, spkiSha256, place)
  }

  const putSerial = (serial: string, { spkiSha256, kept }: EscrowRow, wrapping: number): Promise<void> => {
    const record: SerialRecord = {
      spkiSha256,
      ...(wrapping === 0 ? {} : { wrapping }),
      ...(kept === undefined ? {} : { kept }),
    }
    return records.put(serialName(serial), json(record))
  }

  const add: EscrowStore['add'] = async (added) => {
    const { spkiSha256 } = added
    if (places.has(spkiSha256)) throw new KeyFault('this key is in the escrow already', { code: 'keyTaken' })
    places.set(spkiSha256, { wrapping: 0, discarded: false })
    await records.put(keyName(spkiSha256, 0), json(keyRecord(added)))
  }

  const requireFree = (serial: string, spkiSha256: string): void => {
    if ((bySerial.get(serial) ?? spkiSha256) !== spkiSha256)
      throw new KeyFault('another key has this serial', { code: 'keyTaken' })
  }

  /** Where the row stands, if it is as it was read. @throws KeyFault `rowSwapped` */
  const placeOf = (was: EscrowRow): Place => {
    const place = places.get(was.spkiSha256)
    const there = row(was.spkiSha256)
    if (place !== undefined && there !== undefined && sameRow(there, was)) return place
    throw new KeyFault('the row of an escrowed key is not as it was read', { code: 'rowSwapped' })
  }

  /** The word that a key is given up, or what it is kept with. */
  const putState = async (was: EscrowRow, is: EscrowRow, wrapping: number): Promise<void> => {
    if (is.serial !== undefined) await putSerial(is.serial, is, wrapping)
    if (is.state === 'discarded' && was.state !== 'discarded')
      await records.put(discardedName(is.spkiSha256), new Uint8Array())
  }

  const freeSerial = async (was: string | undefined, is: string | undefined): Promise<void> => {
    if (was === undefined || was === is) return
    bySerial.delete(was)
    await records.remove(serialName(was))
  }

  const replace: EscrowStore['replace'] = async (was, is) => {
    const { spkiSha256 } = was
    const place = placeOf(was)
    const { serial } = is
    if (serial !== undefined) requireFree(serial, spkiSha256)
    if (serial !== undefined) bySerial.set(serial, spkiSha256)
    const anew = JSON.stringify(keyRecord(was)) !== JSON.stringify(keyRecord(is))
    const wrapping = place.wrapping + (anew ? 1 : 0)
    // Records are written in the order in which they are given: what points to a key is never there without it.
    const key = anew ? records.put(keyName(spkiSha256, wrapping), json(keyRecord(is))) : undefined
    await Promise.all([key, putState(was, is, wrapping)])
    places.set(spkiSha256, { wrapping, discarded: is.state === 'discarded', ...present('serial', serial) })
    await freeSerial(was.serial, serial)
    if (anew) await records.remove(keyName(spkiSha256, place.wrapping))
  }

  const remove: EscrowStore['remove'] = async (spkiSha256) => {
    const place = places.get(spkiSha256)
    if (place === undefined) return
    await records.remove(keyName(spkiSha256, place.wrapping))
    if (place.serial !== undefined) await records.remove(serialName(place.serial))
    await records.remove(discardedName(spkiSha256))
    places.delete(spkiSha256)
    if (place.serial !== undefined) bySerial.delete(place.serial)
  }

  const kekOf = (spkiSha256: string) => present('kek', row(spkiSha256)?.kek)

  const heldOf = ([spkiSha256, { serial, discarded }]: readonly [string, Place]): Held => {
    if (serial === undefined && discarded) return { spkiSha256, kept: false, state: 'discarded' }
    if (serial === undefined) return { spkiSha256, kept: false, state: 'stock', ...kekOf(spkiSha256) }
    const kept = (read(records, serialName(serial)) as SerialRecord | undefined)?.kept !== undefined
    return { spkiSha256, serial, kept, state: kept ? 'kept' : 'reserved' }
  }

  return {
    byKey: async (spkiSha256) => row(spkiSha256),
    bySerial: async (serial) => row(bySerial.get(serial) ?? ''),
    ...{ add, replace, remove },
    inventory: async () => [...places].map(heldOf),
    rows: async function* (first = '') {
      for (const spkiSha256 of [...places.keys()].filter((name) => name > first).sort()) {
        const found = row(spkiSha256)
        if (found !== undefined) yield found
      }
    },
    countUnder: async (kek) => [...places.keys()].filter((spkiSha256) => row(spkiSha256)?.kek === kek).length,
    keks: async () => {
      const found = new Map<string, KekState>()
      for (const name of records.names())
        if (name.startsWith('kek/')) found.set(after(name), read(records, name) as KekState)
      return found
    },
    setKek: (kek, state) => records.put(kekName(kek), Buffer.from(JSON.stringify(state))),
    purgedTo: async () => records.get(purgedName)?.toString('utf8'),
    setPurgedTo: (position) => records.put(purgedName, Buffer.from(position)),
    stockCount: async () => records.get(countName)?.toString('utf8'),
    setStockCount: (count) => records.put(countName, Buffer.from(count)),
    close: async () => undefined,
  }
}
