// The LMDB environment of the ledger and what lies in it.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { LedgerFault } from '../store.ts'
import { placeAfter, tombstoneRevision } from './record.ts'
import { requireRoom } from './room.ts'
import { readOrdered, revisionKey, revisionOf } from './keys.ts'

type Table = Database<Buffer, Buffer>

export type Tables = Readonly<{
  environment: RootDatabase<Buffer, Buffer>
  /** Position → record. The truth: the index could be made anew from it. */
  log: Table
  /** Stream and revision → position. */
  index: Table
  /** Format, and who writes. */
  about: Table
}>

/** The first record's place. A server's log begins with an epoch record, so that no event ever has position 0. */
export const firstPlace = 296

const format = '1'
const formatKey = Buffer.from('format')
const tableOptions = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const

const openAll = (path: string, readOnly: boolean): Tables => {
  const environment = open<Buffer, Buffer>({
    path,
    readOnly,
    noSubdir: false,
    // A commit is on disk before anybody sees it: what a projection has read, no power cut takes back.
    overlappingSync: false,
    // What is written shares a transaction in the writer (writer.ts). A batch of LMDB's own around it has a promise that nobody is given:
    // on a full disk it would end the process.
    eventTurnBatching: false,
    ...tableOptions,
  })
  const table = (name: string): Table => environment.openDB<Buffer, Buffer>(name, tableOptions)
  return { environment, log: table('log'), index: table('index'), about: table('about') }
}

/**
 * A transaction at the opening, before there is a writer.
 * @throws LedgerFault where LMDB refuses it, as on a full disk
 */
export const atOnce = <T>({ environment }: Tables, act: () => T): T => {
  try {
    return environment.transactionSync(act)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerFault(`the ledger was not written: ${why}`, { cause })
  }
}

const requireFormat = (tables: Tables, readOnly: boolean): void => {
  const { about } = tables
  if (!readOnly)
    atOnce(tables, () => {
      if (about.getBinary(formatKey) === undefined) void about.put(formatKey, Buffer.from(format))
    })
  const found = about.getBinary(formatKey)?.toString()
  if (found !== format)
    throw new LedgerFault(`the ledger has format ${found ?? 'unknown'}; this version reads format ${format}`)
}

/**
 * Opens the tables in the directory `path`, and makes them unless `readOnly`.
 * @throws LedgerFault where there is nothing to read, no room to write, or it is of another format
 */
export const openTables = async (path: string, readOnly: boolean): Promise<Tables> => {
  if (readOnly && !existsSync(join(path, 'data.mdb'))) throw new LedgerFault(`no ledger in ${path}`)
  if (!readOnly) {
    mkdirSync(path, { recursive: true })
    requireRoom(path)
  }
  const tables = openAll(path, readOnly)
  try {
    requireFormat(tables, readOnly)
    return tables
  } catch (error) {
    await tables.environment.close()
    throw error
  }
}

/** Waits for a transaction. @throws what LMDB refuses it with: its reason is in a promise beside it which, left alone, would end the process */
export const committed = async <T>(transaction: Promise<T>): Promise<T> => {
  try {
    return await transaction
  } catch (error) {
    const { commitError } = (error ?? {}) as { commitError?: Promise<unknown> }
    commitError?.catch(() => undefined)
    throw error
  }
}

/** The place of the last event, 0 for an empty log. */
export const lastPlace = ({ log }: Tables): number => {
  for (const key of log.getKeys({ reverse: true, limit: 1 })) return readOrdered(key, 0)
  return 0
}

/** Where the next event goes. */
export const nextPlace = ({ log }: Tables): number => {
  for (const { key, value } of log.getRange({ reverse: true, limit: 1 }))
    return placeAfter(readOrdered(key, 0), value)
  return firstPlace
}

/** The stream's last revision, -1 where it has no event. */
export const lastRevision = ({ index }: Tables, prefix: Buffer): number => {
  const newest = { start: revisionKey(prefix, tombstoneRevision), end: prefix, reverse: true, limit: 1 }
  for (const key of index.getKeys(newest)) return revisionOf(key)
  return -1
}

/** The place of a stream's event. */
export const placeOf = ({ index }: Tables, prefix: Buffer, revision: number): number | undefined => {
  const place = index.getBinary(revisionKey(prefix, revision))
  return place === undefined ? undefined : readOrdered(place, 0)
}
