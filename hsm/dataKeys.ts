// Data keys, one a retention unit, each wrapped under the KEK of its class and year. Destroying one destroys what it sealed.
import { randomBytes as systemRandom } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import type { RandomBytes } from './box.ts'
import { openKeyCache } from './keyCache.ts'
import { KeyFault } from './keyFault.ts'
import { once, openKept } from './once.ts'
import type { RecordStore } from './recordStore.ts'
import { uuidOctets, uuidText } from './uuid.ts'
import type { Kek, WrappingKeys } from './wrapping.ts'

/** Fits the port `DataKeys` of the ledger, which custody does not know. */
export type VaultDataKeys = Readonly<{
  /** A copy of the unit's key, made and on disk on first use. @throws KeyFault when it was destroyed */
  obtain: (keyId: string) => Promise<Uint8Array>
  /** A copy of the unit's key; undefined when it was destroyed or never existed. */
  find: (keyId: string) => Promise<Uint8Array | undefined>
  /** Destroys the unit's key for ever, or sees to it that there never will be one. Given again, nothing happens. */
  destroy: (keyId: string) => Promise<void>
  isDestroyed: (keyId: string) => Promise<boolean>
  /** Up to where in the ledger its destructions have been carried out here (commands/purge.ts). */
  purgedTo: () => Promise<string | undefined>
  setPurgedTo: (position: string) => Promise<void>
}>

const idOctets = 16
const keyOctets = 32

const classOf = (keyId: string): string => {
  const match = /^([a-z]+)_[A-Za-z0-9-]{1,128}$/.exec(keyId)
  if (match?.[1] === undefined) throw new KeyFault('a data key is named <class>_<unit>')
  return match[1]
}

const keyName = (keyId: string): string => `key/${keyId}`
const purgedName = 'purged/'
const goneName = (keyId: string): string => `gone/${keyId}`

export const openDataKeys = async (
  store: RecordStore,
  parts: Readonly<{ keys: WrappingKeys; now: () => Instant; randomBytes?: RandomBytes; capacity?: number }>,
): Promise<VaultDataKeys & Readonly<{ forget: () => void }>> => {
  const { keys, now, randomBytes = systemRandom, capacity = 8192 } = parts
  const cache = openKeyCache(capacity)
  const perKey = once()

  const isDestroyed = (keyId: string): boolean => store.has(goneName(keyId))

  /** What is wrong with a data key is no refusal of the escrow, and not named as one. @throws KeyFault `custody` */
  const unwrapped = async (record: Buffer): Promise<Buffer> => {
    try {
      const kek = await keys.kekById(uuidText(record.subarray(0, idOctets)))
      return await kek.unwrap(record.subarray(idOctets))
    } catch (error) {
      if (!(error instanceof KeyFault) || error.code === 'custody') throw error
      throw new KeyFault(error.message, { cause: error })
    }
  }

  /** Destruction has the last word: it is asked first, and again behind each wait. */
  const find = async (keyId: string): Promise<Buffer | undefined> => {
    if (isDestroyed(keyId)) return undefined
    const cached = cache.get(keyId)
    if (cached !== undefined) return cached
    const record = store.get(keyName(keyId))
    if (record === undefined) return undefined
    const key = await unwrapped(record)
    if (isDestroyed(keyId)) return undefined
    cache.put(keyId, key)
    return key
  }

  /** KEKs of this run by their labels: the token looks for each once, and not for every key that is made. */
  const keks = openKept<Kek>()
  const kekOf = (label: string): Promise<Kek> => keks.of(label, () => keys.kek(label))

  const make = async (keyId: string): Promise<Buffer> => {
    const destroyed = (): KeyFault => new KeyFault(`the data key ${keyId} was destroyed`)
    if (isDestroyed(keyId)) throw destroyed()
    const kek = await kekOf(`data-${classOf(keyId)}-${now().slice(0, 4)}`)
    const key = Buffer.from(randomBytes(keyOctets))
    await store.put(keyName(keyId), Buffer.concat([uuidOctets(kek.id), await kek.wrap(key)]))
    if (isDestroyed(keyId)) {
      await store.remove(keyName(keyId))
      throw destroyed()
    }
    cache.put(keyId, key)
    return key
  }

  const destroy = async (keyId: string): Promise<void> => {
    if (!isDestroyed(keyId)) await store.put(goneName(keyId), new Uint8Array())
    cache.forget(keyId)
    await store.remove(keyName(keyId))
  }

  // A crash may have come between the two steps of a destruction.
  for (const name of [...store.names()])
    if (name.startsWith('gone/')) await store.remove(keyName(name.slice('gone/'.length)))

  return {
    find,
    isDestroyed: async (keyId) => isDestroyed(keyId),
    forget: cache.clear,
    obtain: async (keyId) => {
      const present = await find(keyId)
      if (present !== undefined) return present
      // A copy for each: who waited for the same key must not share its octets.
      return Buffer.from(await perKey(keyId, async () => (await find(keyId)) ?? make(keyId)))
    },
    destroy,
    purgedTo: async () => store.get(purgedName)?.toString('utf8'),
    setPurgedTo: (position) => store.put(purgedName, Buffer.from(position)),
  }
}
