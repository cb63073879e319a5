// Data keys in clear, the most recently used ones. A key that leaves is overwritten, so nobody is ever handed the buffer itself.

export type KeyCache = Readonly<{
  forget: (keyId: string) => void
  has: (keyId: string) => boolean
  /** A copy. */
  get: (keyId: string) => Buffer | undefined
  put: (keyId: string, key: Uint8Array) => void
  clear: () => void
}>

/** @param capacity how many keys are kept */
export const openKeyCache = (capacity: number): KeyCache => {
  const keys = new Map<string, Buffer>()
  const forget = (keyId: string): void => {
    keys.get(keyId)?.fill(0)
    keys.delete(keyId)
  }
  return {
    forget,
    has: (keyId) => keys.has(keyId),
    get: (keyId) => {
      const key = keys.get(keyId)
      if (key === undefined) return undefined
      keys.delete(keyId)
      keys.set(keyId, key)
      return Buffer.from(key)
    },
    put: (keyId, key) => {
      forget(keyId)
      keys.set(keyId, Buffer.from(key))
      const [oldest] = keys.keys()
      if (keys.size > capacity && oldest !== undefined) forget(oldest)
    },
    clear: () => [...keys.keys()].forEach(forget),
  }
}
