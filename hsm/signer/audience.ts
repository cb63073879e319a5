// CGU-116: a data key that is destroyed is kept by nobody. Clients keep the keys that they have found, as long as they hear from the signer;
// each is told of a destruction, and the destruction waits for all of them. One that does not answer is cut off, and what it keeps is
// worth nothing once its lease is over: it is not used without asking first (dataKeys.ts).
import { setTimeout as pause } from 'node:timers/promises'

type Listener = Readonly<{ forget: (keyId: string) => Promise<void>; ended: Promise<void>; cut: () => void }>

export type Audience = Readonly<{
  join: (listener: Listener) => void
  count: () => number
  /** Resolves once no client keeps the key any more. */
  forgotten: (keyId: string) => Promise<void>
}>

/**
 * @param leaseMs for so long a client that hears nothing uses what it keeps
 * @param answerMs how long one that is told of a destruction may take to answer
 */
export const openAudience = (leaseMs: number, answerMs: number): Audience => {
  const listeners = new Set<Listener>()
  /** By then nobody uses what he kept before he was cut off, or before the signer that was here last ended. */
  let settledAt = performance.now() + leaseMs
  const cutOff = (listener: Listener): void => {
    listener.cut()
    listeners.delete(listener)
    settledAt = performance.now() + leaseMs
  }
  const tell = async (listener: Listener, keyId: string): Promise<void> => {
    const late = new AbortController()
    // A call fails with its connection: whose has ended by itself is gone.
    const answered = listener.forget(keyId).then(
      () => true,
      () => listener.ended.then(() => true),
    )
    const patience = pause(answerMs, false, { signal: late.signal }).catch(() => false)
    const hasForgotten = await Promise.race([answered, patience])
    late.abort()
    if (!hasForgotten) cutOff(listener)
  }
  return {
    join: (listener) => {
      listeners.add(listener)
      void listener.ended.then(() => listeners.delete(listener))
    },
    count: () => listeners.size,
    forgotten: async (keyId) => {
      await Promise.all([...listeners].map((listener) => tell(listener, keyId)))
      const rest = settledAt - performance.now()
      if (rest > 0) await pause(rest)
    },
  }
}
