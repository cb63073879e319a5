// The directory of `--out`, tried before anything is done that cannot be done again: what is found out then is a mistyped path, and not an
// act whose minutes nobody has.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { tryDirectory } from '../hsm/durable.ts'
import { ConfigFault } from './configFault.ts'

/** What is wrong with the path; a disk that is full or takes nothing is no fault of whoever gives the command. */
const ofThePath = new Set(['EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'])

/** @throws ConfigFault naming the option where no file can be made there */
export const requireOut = async (directory: string, mode?: number): Promise<void> => {
  const out = resolve(directory)
  try {
    await tryDirectory(out, mode)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!ofThePath.has(code)) throw error
    throw new ConfigFault(`--out: no file can be written in ${out} (${code})`)
  }
}

/** @throws ConfigFault where a file cannot be, because there is no such directory */
export const requireDirectoryOf = (option: string, directory: string): void => {
  if (existsSync(directory) && statSync(directory).isDirectory()) return
  throw new ConfigFault(`${option}: ${directory} is no directory`)
}
