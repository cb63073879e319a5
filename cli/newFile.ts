// A file that is there as a whole or not at all, and never in the place of another.
import { createWriteStream, existsSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { clearUnfinished, privateMode, syncDirectory, unfinished } from '../hsm/durable.ts'
import { requireDirectoryOf } from './outDirectory.ts'

const alreadyThere = (path: string): Error =>
  Object.assign(new Error(`EEXIST: ${path} is there already, and is left as it is`), { code: 'EEXIST' })

/** The file of `--out`, before anything is done that takes long. @throws Error EEXIST; ConfigFault where its directory is none */
export const requireNew = (path: string): void => {
  if (existsSync(path)) throw alreadyThere(path)
  requireDirectoryOf('--out', dirname(path))
}

/**
 * Writes lines under another name, and gives the file its own once all of it is on disk. Mode 0600. What a
 * killed run has left of it is cleared away.
 * @throws Error EEXIST, and what the lines throw: then nothing is left
 */
export const writeNewFile = async (path: string, lines: AsyncIterable<string>): Promise<void> => {
  await clearUnfinished(path)
  requireNew(path)
  const temporary = `${path}.${process.pid}${unfinished}`
  const ended = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${line}\n`
  }
  try {
    await pipeline(ended, createWriteStream(temporary, { mode: privateMode, flush: true }))
    await link(temporary, path).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyThere(path) : error
    })
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(path))
}
