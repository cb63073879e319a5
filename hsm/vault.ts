// The vault of the embedded profile: data keys, the escrow, outputs that wait for their delivery, and which journal a
// person writes in. Everything in it is enciphered on disk, and there before anybody is told.
import { createHash, randomBytes as systemRandom, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Instant } from '../domain/kernel.ts'
import { openTurns } from '../domain/turns.ts'
import type { Deliveries, JournalKey, Journals } from '../pki/custody.ts'
import type { RandomBytes } from './box.ts'
import type { CustodyVault } from './custody.ts'
import { openDataKeys } from './dataKeys.ts'
import { makePrivateDirectory, readIfPresent, replaceDurable } from './durable.ts'
import { openEscrow, type SoftwareEscrow } from './escrow.ts'
import type { EscrowStore } from './escrowStore.ts'
import type { EscrowPlace } from './escrowStoreSql.ts'
import { openFileEscrowStore } from './escrowStoreFile.ts'
import { KeyFault } from './keyFault.ts'
import { takeLock, type Lock } from './lock.ts'
import { openRecordStore, type RecordStore } from './recordStore.ts'
import type { MakePair } from './wrappedKey.ts'
import type { WrappingKeys } from './wrapping.ts'

/** Custody's vault where it lies: its escrow has what its own process alone may ask, and it is closed. */
export type Vault = Omit<CustodyVault, 'escrow'> &
  Readonly<{ escrow: SoftwareEscrow; close: () => Promise<void> }>

export type VaultParts = Readonly<{
  directory: string
  /** Taken by the caller, who gives it back after the vault is closed; undefined: the vault takes it and gives it back. */
  lock?: Lock
  /** PostgreSQL whose schema `vault` has the rows of the escrow; undefined: they are in the directory. */
  databaseUrl?: string | undefined
  keys: WrappingKeys
  now: () => Instant
  randomBytes?: RandomBytes
  /** Data keys kept in memory in clear, the most recently used ones. */
  capacity?: number
  /** Where holders' keys come from, if they are not made when they are needed: tests have a stock. */
  holderKeys?: MakePair
}>

/** An output as one record with its passphrase ahead of it, and its length ahead of that: neither is there without the other. */
const deliveriesOf = (store: RecordStore): Deliveries => ({
  put: async (sha256, bytes, passphrase = '') => {
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new KeyFault('what is to be delivered does not have this digest')
    const text = Buffer.from(passphrase)
    if (!store.has(sha256)) await store.put(sha256, Buffer.concat([Buffer.of(text.length), text, bytes]))
  },
  take: async (sha256) => {
    const record = store.get(sha256)
    return record?.subarray(1 + (record[0] ?? 0))
  },
  passphraseOf: async (sha256) => {
    const record = store.get(sha256)
    return record?.subarray(1, 1 + (record[0] ?? 0)).toString() || undefined
  },
  remove: (sha256) => store.remove(sha256),
  inventory: async () => [...store.names()],
})

const journalsOf = (store: RecordStore): Journals => {
  const nameOf = ({ account, person, quarter }: JournalKey): string =>
    JSON.stringify([account, person, quarter])
  const inTurn = openTurns()
  const journalOf = (name: string): string | undefined => store.get(name)?.toString('utf8')
  return {
    journalOf: async (key) => journalOf(nameOf(key)),
    setJournal: (key, journal) => {
      const name = nameOf(key)
      return inTurn(name, async () => {
        const present = journalOf(name)
        if (present === undefined) await store.put(name, Buffer.from(journal))
        return present ?? journal
      })
    },
  }
}

/** Where the rows of the escrow lie, once it has been decided; directories of earlier releases have the file alone. */
type Escrow = Readonly<{ store: 'records' }> | (EscrowPlace & Readonly<{ store: 'postgresql' }>)

type Rows = Readonly<{
  directory: string
  databaseUrl: string | undefined
  openRecords: () => Promise<RecordStore>
}>

const escrowPath = (directory: string): string => join(directory, 'escrow.json')
const remember = (directory: string, escrow: Escrow): Promise<void> =>
  replaceDurable(escrowPath(directory), Buffer.from(JSON.stringify(escrow)))

const rowsInFile = async ({ directory, openRecords }: Rows, isKnown: boolean): Promise<EscrowStore> => {
  const file = await openFileEscrowStore(await openRecords())
  if (!isKnown) await remember(directory, { store: 'records' })
  return file
}

const rowsOnServer = async (
  { directory, databaseUrl }: Rows,
  before: EscrowPlace | undefined,
): Promise<EscrowStore> => {
  if (databaseUrl === undefined)
    throw new KeyFault('the escrow of this data directory is in PostgreSQL: DATABASE_URL is not set', {
      code: 'otherStore',
    })
  const { openServerEscrowStore } = await import('./escrowStoreSql.ts')
  const { id, isNew = false } = before ?? { id: randomUUID(), isNew: true }
  // Said first: a start that is cut off goes on with the place that it has begun, and takes nobody else's for its own.
  if (before === undefined) await remember(directory, { store: 'postgresql', id, isNew })
  const rows = await openServerEscrowStore(databaseUrl, { id, isNew })
  if (isNew) await remember(directory, { store: 'postgresql', id })
  return rows
}

/** What a directory has begun. A place on a server that it never came to has nothing in it: without a server it has begun nothing. */
const begun = async ({ directory, databaseUrl }: Rows): Promise<Escrow | undefined> => {
  const stored = await readIfPresent(escrowPath(directory))
  if (stored === undefined) return undefined
  const known = JSON.parse(stored.toString('utf8')) as Escrow
  return databaseUrl === undefined && known.store === 'postgresql' && known.isNew === true ? undefined : known
}

/**
 * A data directory keeps to what it began with: rows that are elsewhere are not lost by a setting that came or went.
 * @throws KeyFault `otherStore`
 */
const openEscrowRows = async (rows: Rows): Promise<EscrowStore> => {
  const before = await begun(rows)
  if (before?.store === 'postgresql') return await rowsOnServer(rows, before)
  const isInFile = rows.databaseUrl === undefined || existsSync(join(rows.directory, 'escrow.records'))
  return before !== undefined || isInFile
    ? await rowsInFile(rows, before !== undefined)
    : await rowsOnServer(rows, undefined)
}

/**
 * Takes a vault for this process. Whoever has the vault has its tokens too: it is taken before they are opened, and given back after.
 * @throws KeyFault when another process has it
 */
export const lockVault = async (directory: string): Promise<Lock> => {
  await makePrivateDirectory(directory)
  return await takeLock(directory)
}

/**
 * Opens the vault of a directory, or makes it.
 * @throws KeyFault when another process has it open, when a file is damaged, or when the keys are not the vault's
 */
export const openVault = async (parts: VaultParts): Promise<Vault> => {
  const { directory, keys, randomBytes = systemRandom } = parts
  const lock = parts.lock ?? (await lockVault(directory))
  const opened: Readonly<{ close: () => Promise<void> }>[] = []
  const close = async (): Promise<void> => {
    for (const store of opened) await store.close()
    if (parts.lock === undefined) await lock.release()
  }
  const openStore = async (name: string): Promise<RecordStore> => {
    const key = await keys.recordKey(`records-${name}`)
    const store = await openRecordStore({
      ...{ path: join(directory, `${name}.records`), key, randomBytes },
      mayWrite: lock.require,
    })
    opened.push(store)
    return store
  }
  try {
    const dataKeys = await openDataKeys(await openStore('data-keys'), parts)
    const rows = await openEscrowRows({
      ...{ directory, databaseUrl: parts.databaseUrl },
      openRecords: () => openStore('escrow'),
    })
    opened.push(rows)
    return {
      dataKeys,
      escrow: await openEscrow(rows, parts),
      deliveries: deliveriesOf(await openStore('deliveries')),
      journals: journalsOf(await openStore('journals')),
      requireHeld: lock.require,
      close: async () => {
        dataKeys.forget()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
