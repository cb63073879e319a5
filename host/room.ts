// Room on the disk for what is about to be written there.
import { statfsSync } from 'node:fs'

export const megabyte = 1024 * 1024

/** Room on the disk of a directory, in octets, for a process that is not root. */
export const roomAt = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/**
 * Of a database that PGlite makes in steps of its own, a full disk would leave a part that nobody can open.
 * @param what that is made, as "the read models"; `megabytes`: that it takes at first
 * @throws Error with the code ENOSPC
 */
export const requireRoom = (directory: string, what: string, megabytes: number): void => {
  const left = roomAt(directory) / megabyte
  if (left >= megabytes) return
  throw Object.assign(
    new Error(
      `no room for ${what}: the disk of ${directory} has ${left.toFixed(1)} MB left, and it takes ${megabytes}`,
    ),
    { code: 'ENOSPC' },
  )
}
