// Where a key of the escrow stands in the file of records, by nothing but its records: at opening, and after an act that a fault cut short.
import type { Instant } from '../domain/kernel.ts'
import type { EscrowRow } from './escrowStore.ts'
import type { RecordStore } from './recordStore.ts'

/** As it is written. Earlier releases had neither `octets` nor `tested`. */
export type KeyRecord = Readonly<{
  kek: string
  generatedAt: Instant
  spki: string
  blob: string
  octets?: number
  tested?: Readonly<{ at: Instant; mac: string }>
}>
/** `wrapping`: which of the key's wrappings, where it is not the first. */
export type SerialRecord = Readonly<{
  spkiSha256: string
  wrapping?: number
  kept?: EscrowRow['kept']
}>

/** `written`: the wrappings that are there. One that is not the key's `wrapping` is left of an act; of a key that is going there is none. */
export type Place = Readonly<{
  written: readonly number[]
  wrapping: number
  serial?: string
  discarded: boolean
}>

export const keyName = (spkiSha256: string, wrapping: number): string =>
  wrapping === 0 ? `key/${spkiSha256}` : `key/${spkiSha256}.${wrapping}`
export const serialName = (serial: string): string => `serial/${serial}`
export const discardedName = (spkiSha256: string): string => `discarded/${spkiSha256}`
/** A record's name behind its kind. */
export const after = (name: string): string => name.slice(name.indexOf('/') + 1)

/** What a record says, or undefined where there is none. */
export const read = (records: RecordStore, name: string): unknown => {
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
export const placesIn = (records: RecordStore) => {
  const names = [...records.names()]
  const places = new Map<string, Place>()
  const left: string[] = []
  // Of two without a serial the new one counts.
  for (const [spkiSha256, written] of wrappingsOf(names))
    places.set(spkiSha256, { written, wrapping: Math.max(...written), discarded: false })
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
  for (const [spkiSha256, place] of places) left.push(...staleNames(spkiSha256, place))
  return { places, left }
}

/** Of a key that was being wrapped anew: the wrappings that it does not stand in. */
export const staleNames = (spkiSha256: string, { written, wrapping }: Place): readonly string[] =>
  written.filter((one) => one !== wrapping).map((one) => keyName(spkiSha256, one))

/**
 * Where one key stands, as `placesIn` would have it.
 * @param asked its wrappings and its serials as far as they may be there, the serial that counts first
 * @returns undefined when nothing of it is there
 */
export const placeIn = (
  records: RecordStore,
  spkiSha256: string,
  asked: Readonly<{ wrappings: readonly number[]; serials: readonly string[] }>,
): Place | undefined => {
  const written = asked.wrappings.filter((one) => records.has(keyName(spkiSha256, one)))
  const isDiscarded = records.has(discardedName(spkiSha256))
  for (const serial of asked.serials) {
    const found = read(records, serialName(serial)) as SerialRecord | undefined
    if (found?.spkiSha256 === spkiSha256)
      return { written, wrapping: found.wrapping ?? 0, serial, discarded: false }
  }
  if (written.length === 0 && !isDiscarded) return undefined
  return { written, wrapping: Math.max(0, ...written), discarded: isDiscarded }
}
