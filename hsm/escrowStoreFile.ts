// The rows of the escrow in the enciphered file of records. A row has up to three records: the wrapped key, which is written once;
// what it is kept with, under its serial; and a word that it was given up. A key that is wrapped anew is written beside the old one,
// then the record of its serial points to it, then the old one is overwritten: that pointer is the one write that counts.
import { openTurns } from '../domain/turns.ts'
import type { KekState } from '../pki/custody.ts'
import {
  after,
  discardedName,
  keyName,
  placeIn,
  placesIn,
  read,
  serialName,
  staleNames,
  type KeyRecord,
  type Place,
  type SerialRecord,
} from './escrowPlace.ts'
import { sameRow, type EscrowRow, type EscrowStore, type Held } from './escrowStore.ts'
import { KeyFault } from './keyFault.ts'
import type { RecordStore } from './recordStore.ts'

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
/** Of a key that is not there. */
const nowhere: Place = { written: [], wrapping: 0, discarded: false }
const kekName = (kek: string): string => `kek/${kek}`
const purgedName = 'purged/'
const countName = 'stock/'

/** A field that may be absent. */
const present = <N extends string, T>(name: N, value: T | undefined): { [K in N]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [K in N]?: T }

const stateOf = ({ serial, discarded }: Place, kept: unknown): EscrowRow['state'] => {
  if (serial !== undefined) return kept === undefined ? 'reserved' : 'kept'
  return discarded ? 'discarded' : 'stock'
}

/** The record of its serial says which wrapping is the key's, and is kept with: the two change in one write. */
const rowOf = (records: RecordStore, spkiSha256: string, place: Place): EscrowRow | undefined => {
  const { serial } = place
  const pointer = serial === undefined ? undefined : read(records, serialName(serial))
  const { wrapping = 0, kept } = (pointer ?? { wrapping: place.wrapping }) as SerialRecord
  const key = read(records, keyName(spkiSha256, wrapping)) as KeyRecord | undefined
  if (key === undefined) return undefined
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

/** Overwrites what a stop has left of keys that were removed or wrapped anew. @returns where the others stand */
const cleared = async (records: RecordStore): Promise<Map<string, Place>> => {
  for (;;) {
    const { places, left } = placesIn(records)
    if (left.length === 0) return places
    for (const name of left) await records.remove(name)
  }
}

/** Opens the rows in a file of records, and overwrites what a stop has left of a key that was removed or wrapped anew. */
export const openFileEscrowStore = async (records: RecordStore): Promise<EscrowStore> => {
  const places = await cleared(records)
  const bySerial = new Map(
    [...places].flatMap(([key, { serial }]) => (serial === undefined ? [] : [[serial, key]])),
  )
  // A key's turn may wait for a serial's, and never the other way round.
  const inTurn = openTurns()
  const inKeyTurn = <T>(spkiSha256: string, act: () => Promise<T>): Promise<T> =>
    inTurn(`key ${spkiSha256}`, act)

  const row = (spkiSha256: string): EscrowRow | undefined => {
    const place = places.get(spkiSha256)
    return place === undefined ? undefined : rowOf(records, spkiSha256, place)
  }

  /** After an act, however it has ended: what is known of a key is what its records say. */
  const refresh = (spkiSha256: string, wrappings: readonly number[], serials: readonly string[]): void => {
    const place = placeIn(records, spkiSha256, { wrappings, serials })
    for (const serial of serials) if (bySerial.get(serial) === spkiSha256) bySerial.delete(serial)
    if (place === undefined) places.delete(spkiSha256)
    else places.set(spkiSha256, place)
    if (place?.serial !== undefined) bySerial.set(place.serial, spkiSha256)
  }

  const putSerial = (serial: string, { spkiSha256, kept }: EscrowRow, wrapping: number): Promise<void> => {
    const record: SerialRecord = {
      spkiSha256,
      ...(wrapping === 0 ? {} : { wrapping }),
      ...(kept === undefined ? {} : { kept }),
    }
    return records.put(serialName(serial), json(record))
  }

  const add: EscrowStore['add'] = (added) =>
    inKeyTurn(added.spkiSha256, async () => {
      const { spkiSha256 } = added
      if (places.has(spkiSha256))
        throw new KeyFault('this key is in the escrow already', { code: 'keyTaken' })
      await records.put(keyName(spkiSha256, 0), json(keyRecord(added)))
      refresh(spkiSha256, [0], [])
    })

  /** Where the row stands, if it is as it was read. @throws KeyFault `rowSwapped` */
  const placeOf = (was: EscrowRow): Place => {
    const place = places.get(was.spkiSha256)
    const there = row(was.spkiSha256)
    if (place !== undefined && there !== undefined && sameRow(there, was)) return place
    throw new KeyFault('the row of an escrowed key is not as it was read', { code: 'rowSwapped' })
  }

  /** Under the key's serial, in turn with whoever asks for the same one. @throws KeyFault `keyTaken` */
  const putUnder = (serial: string, is: EscrowRow, wrapping: number): Promise<void> =>
    inTurn(`serial ${serial}`, async () => {
      if ((bySerial.get(serial) ?? is.spkiSha256) !== is.spkiSha256)
        throw new KeyFault('another key has this serial', { code: 'keyTaken' })
      await putSerial(serial, is, wrapping)
      bySerial.set(serial, is.spkiSha256)
    })

  /** The word that a key is given up, or what it is kept with. */
  const putState = async (was: EscrowRow, is: EscrowRow, wrapping: number): Promise<void> => {
    if (is.serial !== undefined) await putUnder(is.serial, is, wrapping)
    if (is.state === 'discarded' && was.state !== 'discarded')
      await records.put(discardedName(is.spkiSha256), new Uint8Array())
    if (was.serial !== undefined && was.serial !== is.serial) await records.remove(serialName(was.serial))
  }

  /** Of an act that was cut short: its wrapping would outlive the key. */
  const removeStale = async (spkiSha256: string, place: Place): Promise<void> => {
    for (const name of staleNames(spkiSha256, place)) await records.remove(name)
  }

  const replace: EscrowStore['replace'] = (was, is) =>
    inKeyTurn(was.spkiSha256, async () => {
      const { spkiSha256 } = was
      const place = placeOf(was)
      const isAnew = JSON.stringify(keyRecord(was)) !== JSON.stringify(keyRecord(is))
      const wrapping = place.wrapping + (isAnew ? 1 : 0)
      const serials = [is.serial, was.serial].filter((one) => one !== undefined)
      const look = (): void => refresh(spkiSha256, [...new Set([...place.written, wrapping])], serials)
      try {
        await removeStale(spkiSha256, place)
        // One after the other: what points to a key is never there without it.
        if (isAnew) await records.put(keyName(spkiSha256, wrapping), json(keyRecord(is)))
        await putState(was, is, wrapping)
        look()
        if (isAnew) await records.remove(keyName(spkiSha256, place.wrapping))
      } finally {
        look()
      }
    })

  const remove: EscrowStore['remove'] = (spkiSha256) =>
    inKeyTurn(spkiSha256, async () => {
      const { written, wrapping, serial }: Place = places.get(spkiSha256) ?? nowhere
      try {
        await removeStale(spkiSha256, { written, wrapping, discarded: false })
        // Of a key that is gone already as well: its removal may have failed at the last, and be done by this one.
        await records.remove(keyName(spkiSha256, wrapping))
        if (serial !== undefined) await records.remove(serialName(serial))
        await records.remove(discardedName(spkiSha256))
      } finally {
        refresh(spkiSha256, written, serial === undefined ? [] : [serial])
      }
    })

  /** What a fault has left since the opening. */
  const sweep = async (): Promise<void> => {
    for (const [spkiSha256, { written }] of places)
      if (written.length > 1)
        await inKeyTurn(spkiSha256, async () => {
          const place = places.get(spkiSha256)
          if (place === undefined) return
          await removeStale(spkiSha256, place)
          places.set(spkiSha256, { ...place, written: [place.wrapping] })
        })
  }

  /** Every wrapping counts: one that a fault has left lies under its KEK as well. */
  const countsByKek: EscrowStore['countsByKek'] = async () => {
    await sweep().catch(() => undefined)
    const under = new Map<string, Set<string>>()
    for (const name of records.names()) {
      if (!name.startsWith('key/')) continue
      const { kek } = read(records, name) as KeyRecord
      under.set(kek, (under.get(kek) ?? new Set()).add(after(name).split('.')[0] ?? ''))
    }
    return new Map([...under].map(([kek, names]) => [kek, names.size]))
  }

  const kekOf = (spkiSha256: string) => present('kek', row(spkiSha256)?.kek)

  const heldOf = ([spkiSha256, place]: readonly [string, Place]): Held => {
    const { serial } = place
    const record = serial === undefined ? undefined : read(records, serialName(serial))
    const state = stateOf(place, (record as SerialRecord | undefined)?.kept)
    const kept = state === 'kept'
    return { spkiSha256, kept, state, ...present('serial', serial), ...(kept ? {} : kekOf(spkiSha256)) }
  }

  const inventory: EscrowStore['inventory'] = async () =>
    [...places].filter(([, { written }]) => written.length > 0).map(heldOf)

  return {
    byKey: async (spkiSha256) => row(spkiSha256),
    bySerial: async (serial) => row(bySerial.get(serial) ?? ''),
    ...{ add, replace, remove, countsByKek, inventory },
    unkept: async () => (await inventory()).filter(({ kept }) => !kept),
    statesOf: async (names) =>
      new Map(names.map(row).flatMap((one) => (one === undefined ? [] : [[one.spkiSha256, one.state]]))),
    stock: async () =>
      (await inventory()).flatMap((held) => (held.state === 'stock' ? [held.spkiSha256] : [])),
    rows: async function* (first = '') {
      for (const spkiSha256 of [...places.keys()].filter((name) => name > first).sort()) {
        const found = row(spkiSha256)
        if (found !== undefined) yield found
      }
    },
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
