// Room on the disk for what is about to be made there.
import { statfs } from 'node:fs/promises'

const megabyte = 1024 * 1024

/**
 * What LMDB and PGlite make first they make in steps of their own: without room in the middle of them the process would end by a signal, or with
 * a part of a database that none can open.
 * @param what that is made, as "a ledger"; `megabytes`: that it takes at first
 * @throws Error with the code ENOSPC
 */
export const requireRoom = async (directory: string, what: string, megabytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(directory)
  const left = (bavail * bsize) / megabyte
  if (left >= megabytes) return
  throw Object.assign(
    new Error(
      `no room for ${what}: the disk of ${directory} has ${left.toFixed(1)} MB left, and it takes ${megabytes}`,
    ),
    { code: 'ENOSPC' },
  )
}
