// CGU-46: what was collected is removed, and removed again until it is: custody may be out of reach at the moment when the answer leaves.
// A process that ends before it could leaves the output to the job that looks after all of them (commands/recoverKey.ts).
const firstMs = 1_000
const longestMs = 60_000

export type Removals = Readonly<{
  /** @param onFault told of each removal that failed */
  begin: (digest: string, onFault: (error: unknown) => void) => void
  /** Whether it has left, and lies in custody for want of a removal alone: it is not given again. */
  isLeft: (digest: string) => boolean
  /** No other attempt is made. */
  stop: () => void
}>

/** Opens what goes on removing outputs. @param remove by the digest of the output; it may be given again */
export const openRemovals = (remove: (digest: string) => Promise<void>): Removals => {
  const left = new Map<string, NodeJS.Timeout | undefined>()
  let isStopped = false

  const attempt = (digest: string, onFault: (error: unknown) => void, delay: number): void => {
    left.set(digest, undefined)
    remove(digest).then(
      () => left.delete(digest),
      (error: unknown) => {
        onFault(error)
        if (isStopped) return
        const next = setTimeout(attempt, delay, digest, onFault, Math.min(longestMs, delay * 2))
        left.set(digest, next.unref())
      },
    )
  }

  return {
    begin: (digest, onFault) => {
      if (!left.has(digest)) attempt(digest, onFault, firstMs)
    },
    isLeft: (digest) => left.has(digest),
    stop: () => {
      isStopped = true
      for (const next of left.values()) clearTimeout(next)
    },
  }
}
