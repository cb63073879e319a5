// Small records on disk, enciphered, by name. What has been acknowledged survives the process and the machine; what was
// removed is overwritten. Names stay in memory, some hundred octets each; values do not.
import { open, type FileHandle } from 'node:fs/promises'
import { randomBytes as systemRandom } from 'node:crypto'
import type { RandomBytes } from './box.ts'
import { createDurable } from './durable.ts'
import { KeyFault } from './keyFault.ts'
import { writeAll } from './overwrite.ts'
import { clearUnfinished, compact } from './recordCompaction.ts'
import {
  frameHeadOctets,
  frameOf,
  framingOf,
  headOctets,
  newHead,
  readAt,
  readChange,
} from './recordFrame.ts'
import type { Change, Framing } from './recordFrame.ts'
import { scanRecords } from './recordScan.ts'

export type RecordStore = Readonly<{
  has: (name: string) => boolean
  /** A copy of the value, or undefined. @throws KeyFault when it was tampered with */
  get: (name: string) => Buffer | undefined
  names: () => IterableIterator<string>
  /** On disk when it resolves; puts given meanwhile share one flush. @throws KeyFault: not written, unless the process ends before the next one */
  put: (name: string, value: Uint8Array) => Promise<void>
  /** Removes the record and overwrites it; nothing happens where there is none. @throws KeyFault: it is there, or not overwritten yet */
  remove: (name: string) => Promise<void>
  close: () => Promise<void>
}>

export type RecordStoreOptions = Readonly<{
  path: string
  /** 32 octets, for this file only. */
  key: Uint8Array
  randomBytes?: RandomBytes
  /** Asked before each write: whether this process still is the one that writes. */
  mayWrite?: () => Promise<void>
}>

type Waiting = Readonly<{ change: Change; resolve: () => void; reject: (reason: Error) => void }>

/** `passes`: it may be over when it is asked again. */
type Broken = Readonly<{ fault: KeyFault; passes: boolean }>

/** Another process writes here now, or the file was tampered with: that does not pass. */
const brokenBy = (cause: unknown): Broken =>
  cause instanceof KeyFault
    ? { fault: cause, passes: false }
    : { fault: new KeyFault('the vault was not written', { cause }), passes: true }

const mostAtOnce = 1024

const erase = async (file: FileHandle, offset: number): Promise<void> => {
  const length = readAt(file.fd, offset, frameHeadOctets).readUInt32BE(0)
  await writeAll(file, Buffer.alloc(length), offset + frameHeadOctets)
}

const place = (offset: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(offset))
  return bytes
}

type Opened = Readonly<{ file: FileHandle; framing: Framing; index: Map<string, number>; end: number }>

/** Opens the file, makes good what a crash left half done, and rewrites it when most of it is dead. */
const openFile = async (options: RecordStoreOptions): Promise<Opened> => {
  const { path, key, randomBytes = systemRandom } = options
  const file = await open(path, 'r+').catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await createDurable(path, newHead(randomBytes))
    return open(path, 'r+')
  })
  try {
    const framing = framingOf(readAt(file.fd, 0, headOctets), key, randomBytes)
    const { size } = await file.stat()
    const { index, end, dead, toErase } = scanRecords(file.fd, framing, size)
    for (const offset of toErase) await erase(file, offset)
    if (end < size) await file.truncate(end)
    if (end < size || toErase.length > 0) await file.sync()
    if (dead <= index.size) return { file, framing, index, end }
    await compact({ file, framing, index }, { path, key, randomBytes })
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  return openFile(options)
}

/**
 * Opens a store, or makes it. One process at a time (lock.ts).
 * @throws KeyFault on damage or a wrong key
 */
export const openRecordStore = async (options: RecordStoreOptions): Promise<RecordStore> => {
  const { path, key, randomBytes = systemRandom } = options
  await clearUnfinished(path)
  let { file, framing, index, end } = await openFile(options)
  let queue: Waiting[] = []
  let running: Promise<void> | undefined
  let isRunning = false
  /** Where records stand whose removal is on disk, and which are not known to be overwritten. */
  let removed: number[] = []
  /** Why nothing is written at present. */
  let broken: Broken | undefined

  /** Frames of the changes, and what they do to the index. */
  const prepare = (batch: readonly Waiting[]) => {
    const staged = new Map<string, number | undefined>()
    const toErase: number[] = []
    const frames: Buffer[] = []
    let at = end
    for (const { change } of batch) {
      const present = staged.has(change.name) ? staged.get(change.name) : index.get(change.name)
      if (change.operation === 'remove' && present === undefined) continue
      const removal = change.operation === 'remove' && present !== undefined
      const frame = frameOf(framing, removal ? { ...change, value: place(present) } : change, at)
      if (removal) toErase.push(present)
      staged.set(change.name, removal ? undefined : at)
      frames.push(frame)
      at += frame.length
    }
    return { staged, toErase, bytes: Buffer.concat(frames), at }
  }

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    await options.mayWrite?.()
    const { staged, toErase, bytes, at } = prepare(batch)
    if (bytes.length === 0) return
    await writeAll(file, bytes, end)
    await file.datasync()
    // Before anything is overwritten: what is removed on disk is looked for by nobody, whatever becomes of the overwriting.
    end = at
    for (const [name, offset] of staged)
      if (offset === undefined) index.delete(name)
      else index.set(name, offset)
    removed.push(...toErase)
  }

  const eraseRemoved = async (): Promise<void> => {
    if (removed.length === 0) return
    for (const offset of removed) await erase(file, offset)
    await file.datasync()
    removed = []
  }

  /**
   * After a failed flush nobody knows what is on disk, and what is read may not be (the kernel's pages count as written). What was
   * acknowledged goes into a new file, and the change that failed with it into none; what was removed is overwritten in the old one, as
   * long as there is one. @throws what a full disk says, until it has room
   */
  const mend = async (): Promise<void> => {
    await options.mayWrite?.()
    await eraseRemoved()
    await compact({ file, framing, index }, { path, key, randomBytes })
    const [before, renewed] = [file, await openFile(options)]
    ;({ file, framing, index, end } = renewed)
    broken = undefined
    // Only now: whoever reads meanwhile finds one that is open.
    await before.close()
  }

  const carryOut = async (batch: readonly Waiting[]): Promise<void> => {
    if (broken?.passes === false) throw broken.fault
    if (broken !== undefined) await mend()
    await write(batch)
    for (const { change, resolve } of batch) if (change.operation === 'put') resolve()
    await eraseRemoved()
    for (const { resolve } of batch) resolve()
  }

  const run = async (): Promise<void> => {
    isRunning = true
    while (queue.length > 0) {
      const batch = queue.slice(0, mostAtOnce)
      queue = queue.slice(mostAtOnce)
      try {
        await carryOut(batch)
      } catch (cause) {
        broken = brokenBy(cause)
        for (const { reject } of batch) reject(broken.fault)
      }
    }
    isRunning = false
  }

  const submit = (change: Change): Promise<void> =>
    new Promise((resolve, reject) => {
      queue.push({ change, resolve, reject })
      // Not by `running`: a run that refuses everything ends at once, before there is its promise.
      if (!isRunning) running = run()
    })

  return {
    has: (name) => index.has(name),
    get: (name) => {
      const offset = index.get(name)
      if (offset === undefined) return undefined
      const change = readChange(file.fd, framing, offset)
      if (change.name !== name) throw new KeyFault('a record is not the one that was put')
      return Buffer.from(change.value)
    },
    names: () => index.keys(),
    put: (name, value) => submit({ operation: 'put', name, value: Uint8Array.from(value) }),
    remove: (name) => submit({ operation: 'remove', name, value: new Uint8Array() }),
    close: async () => {
      await running
      await file.close()
    },
  }
}
