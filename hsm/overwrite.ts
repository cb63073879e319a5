// Octets of a file written over where they stand: a removed name leaves them on the disk.
import { open, rm, type FileHandle } from 'node:fs/promises'

/** Writes all of `bytes` at `offset`. */
export const writeAll = async (file: FileHandle, bytes: Buffer, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

const zeros = Buffer.alloc(1 << 20)

const overwrite = async (file: FileHandle): Promise<void> => {
  const { size } = await file.stat()
  for (let at = 0; at < size; at += zeros.length)
    await writeAll(file, zeros.subarray(0, Math.min(zeros.length, size - at)), at)
  await file.datasync()
}

/** Overwrites the file, as far as the disk lets, and removes it; nothing happens where there is none. */
export const removeOverwritten = async (path: string): Promise<void> => {
  const file = await open(path, 'r+').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    // Where the disk does not take the zeros, the name goes all the same: a full one has no room for what nobody needs.
    await overwrite(file).catch(() => undefined)
  } finally {
    await file.close()
  }
  await rm(path, { force: true })
}
