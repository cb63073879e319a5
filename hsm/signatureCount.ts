// How often each key has signed, kept by whoever holds the keys, apart from the ledger (RGS A2 V.4). Before a signature leaves, a file
// says that there may be that many: not each of them costs a write, but a block of them, reserved ahead. Whoever dies with a block
// reserved has counted too many, never too few; how many of the count are uncertain for that is kept as well.
import { readFileSync } from 'node:fs'
import { replaceDurable } from './durable.ts'
import { KeyFault } from './keyFault.ts'

/** Signatures of a key: `signatures` at most, and `uncertain` of them perhaps never made, or thrown away. */
export type SignatureCount = Readonly<{ signatures: number; uncertain: number }>
export type CountsByKey = Readonly<Record<string, SignatureCount>>

export type SignatureCounts = Readonly<{
  /** Makes one signature with the key of this id, counted before it is answered; not counted where `sign` throws. */
  counting: <T>(id: string, sign: () => Promise<T>) => Promise<T>
  /** One of those that were counted is thrown away, as it does not verify: no ledger will know of it. */
  thrownAway: (id: string) => void
  counts: () => CountsByKey
  /** Gives back what was reserved. Nothing is written where nothing was signed. */
  close: () => Promise<void>
}>

/** Name of the file, in the directory of the keys. */
export const signaturesFile = 'signatures.json'

type Stored = Readonly<{ signatures: number; reserved: number; uncertain: number }>
type Counted = {
  /** Made, or being made. */
  taken: number
  made: number
  /** No more than these leave before the file says so. */
  reserved: number
  wanted: number
  uncertain: number
  block: number
}

/** A key that signs seldom reserves little, one that signs a thousand times a second writes a few times in it. */
const block = { first: 4, largest: 512 } as const
/** Quiet for so long, the block is given back. */
const quietMs = 1_000

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const fits = ({ signatures, reserved, uncertain }: Stored): boolean =>
  [signatures, reserved, uncertain].every(isCount) && signatures <= reserved

/** @throws KeyFault where the file is not one of these: who counts from nought again would hide what was signed */
const storedIn = (file: string): Readonly<Record<string, Stored>> => {
  try {
    const { v, keys } = JSON.parse(readFileSync(file, 'utf8')) as Readonly<{
      v: unknown
      keys: Readonly<Record<string, Stored>>
    }>
    if (v === 1 && Object.values(keys).every(fits)) return keys
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new KeyFault(`the count of signatures cannot be read: ${file}`, { cause })
  }
  throw new KeyFault(`the count of signatures cannot be read: ${file}`)
}

const opened = ({ signatures, reserved, uncertain }: Stored): Counted => ({
  ...{ taken: reserved, made: reserved, reserved, wanted: reserved, block: block.first },
  // What was reserved and not given back may have been signed.
  uncertain: uncertain + reserved - signatures,
})

/**
 * The counts as the file has them, beside whoever counts in it: what is reserved is counted, and uncertain.
 * @throws KeyFault where it cannot be read
 */
export const readSignatureCounts = (file: string): CountsByKey =>
  Object.fromEntries(
    Object.entries(storedIn(file)).map(([id, stored]) => {
      const { taken, uncertain } = opened(stored)
      return [id, { signatures: taken, uncertain }]
    }),
  )

/**
 * Opens the counts of a file, which has one writer.
 * @param file undefined: they last as long as the process
 * @throws KeyFault where it cannot be read
 */
export const openSignatureCounts = (file: string | undefined): SignatureCounts => {
  const keys = new Map<string, Counted>()
  if (file !== undefined)
    for (const [id, stored] of Object.entries(storedIn(file))) keys.set(id, opened(stored))
  let isDirty = false
  let last: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  const writeNow = async (): Promise<void> => {
    next = undefined
    const wanted = new Map([...keys].map(([id, key]) => [id, { key, reserved: key.wanted }]))
    if (file !== undefined) {
      const stored = [...wanted].map(([id, { key, reserved }]): [string, Stored] => [
        id,
        { signatures: key.made, reserved, uncertain: key.uncertain },
      ])
      await replaceDurable(file, Buffer.from(JSON.stringify({ v: 1, keys: Object.fromEntries(stored) })))
    }
    for (const { key, reserved } of wanted.values()) key.reserved = Math.min(reserved, key.wanted)
  }
  /** One write at a time; who asks while one runs shares the next. */
  const write = (): Promise<void> => {
    next ??= last.catch(() => undefined).then(writeNow)
    last = next
    return next
  }

  const reserve = (key: Counted): Promise<void> => {
    if (key.wanted < key.taken + key.block / 2) {
      key.wanted = key.taken + key.block
      key.block = Math.min(key.block * 2, block.largest)
    }
    return write()
  }

  const settle = async (): Promise<void> => {
    if (!isDirty) return
    isDirty = false
    for (const key of keys.values())
      if (key.taken === key.made) {
        key.reserved = key.wanted = key.taken
        key.block = block.first
      } else isDirty = true
    await write()
  }
  let quiet: NodeJS.Timeout | undefined
  const restart = (): void => {
    isDirty = true
    // What cannot be given back stays reserved: that counts too many, and the next reservation tells of the fault.
    quiet ??= setTimeout(() => void settle().catch(() => undefined), quietMs).unref()
    quiet.refresh()
  }

  const keyOf = (id: string): Counted => {
    const key = keys.get(id) ?? opened({ signatures: 0, reserved: 0, uncertain: 0 })
    keys.set(id, key)
    return key
  }

  return {
    counting: async (id, sign) => {
      const key = keyOf(id)
      key.taken += 1
      try {
        while (key.taken > key.reserved) await reserve(key)
        // The next block is reserved before this one is used up: nobody waits for it.
        if (key.taken === key.wanted - Math.floor(key.block / 4)) reserve(key).catch(() => undefined)
        const signature = await sign()
        key.made += 1
        return signature
      } catch (error) {
        key.taken -= 1
        throw error
      } finally {
        restart()
      }
    },
    thrownAway: (id) => {
      keyOf(id).uncertain += 1
      restart()
    },
    counts: () =>
      Object.fromEntries([...keys].map(([id, { made, uncertain }]) => [id, { signatures: made, uncertain }])),
    close: async () => {
      clearTimeout(quiet)
      await settle()
      await last.catch(() => undefined)
    },
  }
}
