/** Where an event written not long ago went, by stream and id. */
export type Recent = Readonly<{
  revisionOf: (stream: string, id: string) => number | undefined
  add: (stream: string, id: string, revision: number) => void
  forget: () => void
}>

/**
 * The memory that makes an append without a revision idempotent, best effort as on the server: the newest `capacity`
 * events written by this process. A restart empties it.
 */
export const openRecent = (capacity: number): Recent => {
  const revisions = new Map<string, number>()
  const keyOf = (stream: string, id: string): string => `${id} ${stream}`
  return {
    revisionOf: (stream, id) => revisions.get(keyOf(stream, id)),
    add: (stream, id, revision) => {
      revisions.set(keyOf(stream, id), revision)
      if (revisions.size <= capacity) return
      const [oldest] = revisions.keys()
      if (oldest !== undefined) revisions.delete(oldest)
    },
    forget: () => revisions.clear(),
  }
}
