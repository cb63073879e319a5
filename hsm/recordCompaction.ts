// A file of records written anew, with nothing but what is live; and what becomes of one that could not be finished.
import { open, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RandomBytes } from './box.ts'
import { privateMode, syncDirectory, unfinished } from './durable.ts'
import { removeOverwritten, writeAll } from './overwrite.ts'
import { frameOf, framingOf, headOctets, newHead, readChange, type Framing } from './recordFrame.ts'

/** The live records of a file: where each name stands. */
type Live = Readonly<{ file: FileHandle; framing: Framing; index: ReadonlyMap<string, number> }>
type Target = Readonly<{ path: string; key: Uint8Array; randomBytes: RandomBytes }>

/** Removes what a compaction left unfinished: its records outlive their removal otherwise. */
export const clearUnfinished = (path: string): Promise<void> => removeOverwritten(`${path}${unfinished}`)

const writeLive = async ({ file, framing, index }: Live, to: FileHandle, target: Target): Promise<void> => {
  const { key, randomBytes } = target
  const head = newHead(randomBytes)
  const renewed = framingOf(head, key, randomBytes)
  await writeAll(to, head, 0)
  let end = headOctets
  for (const offset of index.values()) {
    const frame = frameOf(renewed, readChange(file.fd, framing, offset), end)
    await writeAll(to, frame, end)
    end += frame.length
  }
  await to.sync()
}

/** Writes the live records into a new file, which takes the place of the one at `path`. */
export const compact = async (live: Live, target: Target): Promise<void> => {
  const { path } = target
  const temporary = `${path}${unfinished}`
  try {
    const to = await open(temporary, 'w', privateMode)
    try {
      await writeLive(live, to, target)
    } finally {
      await to.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await clearUnfinished(path).catch(() => undefined)
    throw error
  }
  await syncDirectory(dirname(path))
}
