// CGU-38, CGU-41: the escrow. Holder keys lie wrapped (RFC 5649) under the year's KEK; each record is authenticated, so
// that no two can be exchanged. A key in clear exists in memory only, for as long as one act takes.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import type { Escrow, EscrowRecord } from '../pki/custody.ts'
import { KeyFault } from './keyFault.ts'
import { once } from './once.ts'
import type { RecordStore } from './recordStore.ts'
import type { MakePair } from './wrappedKey.ts'
import type { EscrowKek, WrappingKeys } from './wrapping.ts'

type StoredKey = Readonly<{ kek: string; generatedAt: Instant; spki: string; blob: string }>
type Kept = EscrowRecord & Readonly<{ person: string }>
type Serial = Readonly<{ spkiSha256: string; kept?: Kept }>

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))

const keyName = (spkiSha256: string): string => `key/${spkiSha256}`
const serialName = (serial: string): string => `serial/${serial}`
const discardedName = (spkiSha256: string): string => `discarded/${spkiSha256}`
const after = (name: string): string => name.slice(name.indexOf('/') + 1)

/** What of the escrow's keys can be listed: in stock, set aside for a serial, kept, or never to be used. */
export type Held = Readonly<{
  spkiSha256: string
  serial?: string
  kept: boolean
  state: 'stock' | 'reserved' | 'kept' | 'discarded'
}>

export type SoftwareEscrow = Omit<Escrow, 'inventory'> &
  Readonly<{
    inventory: () => Promise<readonly Held[]>
    /** Generates keys ahead until `count` wait in stock, or `goesOn` says no. @returns how many were made */
    fillStock: (count: number, goesOn?: () => boolean) => Promise<number>
  }>

export const openEscrow = async (
  store: RecordStore,
  parts: Readonly<{
    keys: WrappingKeys
    now: () => Instant
    holderKeys?: MakePair
  }>,
): Promise<SoftwareEscrow> => {
  const { keys, now, holderKeys } = parts
  const mac = await keys.recordMac('escrow-records')
  const perSerial = once()
  /** Oldest first: neither set aside nor given up. */
  const stock = new Set<string>()

  const read = (name: string): unknown => {
    const bytes = store.get(name)
    return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'))
  }
  const readSerial = (serial: string): Serial | undefined => read(serialName(serial)) as Serial | undefined
  const storedKey = (spkiSha256: string): StoredKey => {
    const stored = read(keyName(spkiSha256)) as StoredKey | undefined
    if (stored === undefined) throw new KeyFault('the escrowed key is missing')
    // What is certified is the public half that is written beside the blob: it has to be the one that the row is named after.
    if (sha256(Buffer.from(stored.spki, 'base64')) !== spkiSha256)
      throw new KeyFault('the public half of an escrowed key was exchanged')
    return stored
  }

  const names = [...store.names()]
  for (const name of names) if (name.startsWith('key/')) stock.add(after(name))
  for (const name of names) {
    if (name.startsWith('discarded/')) stock.delete(after(name))
    if (name.startsWith('serial/')) stock.delete(readSerial(after(name))?.spkiSha256 ?? '')
  }

  /** A fresh key, wrapped and on disk. */
  const make = async (): Promise<string> => {
    const kek = await keys.escrowKek(`escrow-${now().slice(0, 4)}`)
    const { spki, blob } = await (holderKeys === undefined ? kek.makePair() : taken(kek, holderKeys))
    const spkiSha256 = sha256(spki)
    const base64 = { spki: spki.toString('base64'), blob: blob.toString('base64') }
    const stored: StoredKey = { kek: kek.id, generatedAt: now(), ...base64 }
    await store.put(keyName(spkiSha256), json(stored))
    return spkiSha256
  }

  const takeFromStock = (): string | undefined => {
    const [oldest] = stock
    if (oldest !== undefined) stock.delete(oldest)
    return oldest
  }

  const reserve = async (serial: string): Promise<{ spkiSha256: string; spki: Uint8Array }> => {
    const present = readSerial(serial)
    if (present !== undefined)
      return {
        spkiSha256: present.spkiSha256,
        spki: Buffer.from(storedKey(present.spkiSha256).spki, 'base64'),
      }
    const spkiSha256 = takeFromStock() ?? (await make())
    await store.put(serialName(serial), json({ spkiSha256 }))
    return { spkiSha256, spki: Buffer.from(storedKey(spkiSha256).spki, 'base64') }
  }

  const macOf = (serial: string, spkiSha256: string, kept: Omit<Kept, 'recordMac'>): Promise<Buffer> => {
    const { person, kek, blobSha256, generatedAt, testedAt, from, until } = kept
    const record = [serial, spkiSha256, person, kek, blobSha256, generatedAt, testedAt, from, until]
    return mac.compute(JSON.stringify(['grand-livre/escrow/v1', ...record]))
  }

  const keep: Escrow['keep'] = async ({ serial, person, from, until }) => {
    const present = readSerial(serial)
    if (present === undefined) throw new KeyFault(`no key is set aside for ${serial}`)
    if (present.kept !== undefined) {
      if (present.kept.person !== person) throw new KeyFault(`the key of ${serial} is kept for somebody else`)
      return recordOf(present.kept)
    }
    const { spkiSha256 } = present
    const stored = storedKey(spkiSha256)
    const blob = Buffer.from(stored.blob, 'base64')
    await (await keys.escrowKekById(stored.kek)).prove(blob, spkiSha256)
    const blobSha256 = sha256(blob)
    const dates = { generatedAt: stored.generatedAt, testedAt: now(), from, until }
    const facts = { person, blobSha256, kek: stored.kek, ...dates }
    const recordMac = (await macOf(serial, spkiSha256, facts)).toString('hex')
    const kept: Kept = { ...facts, recordMac }
    await store.put(serialName(serial), json({ spkiSha256, kept }))
    return recordOf(kept)
  }

  /** What is kept for a serial, once its record and its blob have been shown to be those that were written. */
  const verified = async (
    serial: string,
  ): Promise<Readonly<{ kek: EscrowKek; blob: Buffer; spkiSha256: string }>> => {
    const { spkiSha256, kept } = readSerial(serial) ?? {}
    if (spkiSha256 === undefined || kept === undefined) throw new KeyFault(`no key is kept for ${serial}`)
    const expected = await macOf(serial, spkiSha256, kept)
    const found = Buffer.from(kept.recordMac, 'hex')
    if (found.length !== expected.length || !timingSafeEqual(found, expected))
      throw new KeyFault(`the escrow record of ${serial} was changed`)
    const blob = Buffer.from(storedKey(spkiSha256).blob, 'base64')
    if (sha256(blob) !== kept.blobSha256) throw new KeyFault(`the escrowed key of ${serial} was exchanged`)
    return { kek: await keys.escrowKekById(kept.kek), blob, spkiSha256 }
  }

  const release: Escrow['release'] = async (serial) => {
    const { kek, blob, spkiSha256 } = await verified(serial)
    return await kek.release(blob, spkiSha256)
  }

  const releaseTo: Escrow['releaseTo'] = async (serial, transportKey) => {
    const { kek, blob, spkiSha256 } = await verified(serial)
    return await kek.releaseTo(blob, spkiSha256, transportKey)
  }

  const discard: Escrow['discard'] = async (serial) => {
    const present = readSerial(serial)
    if (present === undefined) return
    if (present.kept !== undefined) throw new KeyFault(`the key of ${serial} is kept for its term`)
    // The key stays, wrapped: should another serial have been certified with it, it alone can give that one's data back.
    await store.put(discardedName(present.spkiSha256), new Uint8Array())
    await store.remove(serialName(serial))
  }

  const inventory = async (): Promise<readonly Held[]> => {
    const held = new Map<string, Held>()
    for (const name of store.names())
      if (name.startsWith('key/'))
        held.set(after(name), { spkiSha256: after(name), kept: false, state: 'stock' })
    for (const name of store.names()) {
      const id = after(name)
      if (name.startsWith('discarded/')) held.set(id, { spkiSha256: id, kept: false, state: 'discarded' })
      const bound = name.startsWith('serial/') ? readSerial(id) : undefined
      if (bound === undefined) continue
      const kept = bound.kept !== undefined
      held.set(bound.spkiSha256, {
        ...{ spkiSha256: bound.spkiSha256, serial: id, kept },
        state: kept ? 'kept' : 'reserved',
      })
    }
    return [...held.values()]
  }

  return {
    reserve: (serial) => perSerial(`reserve ${serial}`, () => reserve(serial)),
    keep: (record) => perSerial(`keep ${record.serial}`, () => keep(record)),
    discard: (serial) => perSerial(`discard ${serial}`, () => discard(serial)),
    release,
    releaseTo,
    inventory,
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

const recordOf = ({ person: _, ...record }: Kept): EscrowRecord => record
