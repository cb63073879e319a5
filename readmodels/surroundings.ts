// What went wrong around whoever asked, by its code: node's for sockets and files, PostgreSQL's SQLSTATE. It passes, and the same can be asked
// again; nothing else that a database says is worth that.

/** Connections that failed, a name that cannot be looked up, a server that is going away or is short of something. */
const outOfReach = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|08|53|57P)/

/** A disk that is full, over its quota, failing or read-only, here or at the server (SQLSTATE disk_full). */
const disk = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', '53100'])

/** @returns undefined where it is of the thing itself */
export const surroundingsAtFault = (error: unknown): 'disk' | 'database' | undefined => {
  const code = String((error as { code?: unknown } | null)?.code)
  if (disk.has(code)) return 'disk'
  return outOfReach.test(code) ? 'database' : undefined
}
