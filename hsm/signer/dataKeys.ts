// The data keys as a client has them: what was found is kept, for a projector opens thousands of fields. A destruction has the last word: the
// signer tells of it, and what is kept is used for as long only as the signer has been heard of (audience.ts).
import type { VaultDataKeys } from '../dataKeys.ts'
import { openKeyCache } from '../keyCache.ts'
import { KeyFault } from '../keyFault.ts'
import type { Call } from './link.ts'

export type ClientDataKeys = VaultDataKeys &
  Readonly<{
    /** The key was destroyed. */
    drop: (keyId: string) => void
    /** The line is down: who knows what is destroyed meanwhile. */
    dropAll: () => void
  }>

/**
 * @param parts.isFresh whether the signer has been heard of lately enough
 * @param parts.capacity how many keys are kept
 */
export const openClientDataKeys = (
  parts: Readonly<{ call: Call; isFresh: () => boolean; capacity?: number }>,
): ClientDataKeys => {
  const { call, isFresh, capacity = 8192 } = parts
  const cache = openKeyCache(capacity)
  /** Questions under way, by key: an answer that a destruction has overtaken is worth nothing. */
  const asking = new Map<string, Set<{ isStale: boolean }>>()

  const drop = (keyId: string): void => {
    cache.forget(keyId)
    for (const question of asking.get(keyId) ?? []) question.isStale = true
  }

  const ask = async (keyId: string, question: () => Promise<Uint8Array | undefined>) => {
    const state = { isStale: false }
    const others = asking.get(keyId) ?? new Set()
    asking.set(keyId, others.add(state))
    try {
      const key = await question()
      if (key === undefined) return undefined
      if (state.isStale) {
        key.fill(0)
        return undefined
      }
      cache.put(keyId, key)
      return key
    } finally {
      others.delete(state)
      if (others.size === 0) asking.delete(keyId)
    }
  }

  const kept = async (keyId: string): Promise<Buffer | undefined> => {
    if (cache.has(keyId) && !isFresh()) await call('ping')
    return cache.get(keyId)
  }
  const destroyed = (keyId: string): KeyFault => new KeyFault(`the data key ${keyId} was destroyed`)

  return {
    find: async (keyId) => (await kept(keyId)) ?? (await ask(keyId, () => call('dataKeys.find', keyId))),
    obtain: async (keyId) => {
      const key = (await kept(keyId)) ?? (await ask(keyId, () => call('dataKeys.obtain', keyId)))
      if (key === undefined) throw destroyed(keyId)
      return key
    },
    destroy: (keyId) => {
      drop(keyId)
      return call('dataKeys.destroy', keyId)
    },
    isDestroyed: (keyId) => call('dataKeys.isDestroyed', keyId),
    purgedTo: () => call('dataKeys.purgedTo'),
    setPurgedTo: (position) => call('dataKeys.setPurgedTo', position),
    drop,
    dropAll: () => {
      for (const keyId of asking.keys()) drop(keyId)
      cache.clear()
    },
  }
}
