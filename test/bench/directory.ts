import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory for as long as `act` lasts. `TMPDIR` says on which disk. */
export const inDirectory = async <T>(act: (path: string) => Promise<T>): Promise<T> => {
  const path = await mkdtemp(join(tmpdir(), 'grand-livre-bench-'))
  try {
    return await act(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

/** What the disk can do: writes of `octets`, each followed by fdatasync, a second. */
export const syncsPerSecond = (directory: string, octets: number, count: number): number => {
  const path = join(directory, 'syncs')
  const file = openSync(path, 'w')
  const record = Buffer.alloc(octets, 1)
  const before = performance.now()
  for (let i = 0; i < count; i += 1) {
    writeSync(file, record)
    fdatasyncSync(file)
  }
  const seconds = (performance.now() - before) / 1000
  closeSync(file)
  unlinkSync(path)
  return count / seconds
}
