// How many requests of each key there were within a window of time. By a clock that only goes forward: by one that was put back, a window
// would last for as long as that clock had been ahead.
import type { FastifyRateLimitStore } from '@fastify/rate-limit'

/** Keys that are counted, at most: whoever has not asked for longest begins anew. */
const mostKeys = 5_000

type Counted = Readonly<{ current: number; since: number }>

export class RateStore implements FastifyRateLimitStore {
  private readonly counts = new Map<string, Counted>()

  incr(...[key, callback, timeWindow]: Parameters<FastifyRateLimitStore['incr']>): void {
    const now = performance.now()
    const before = this.counts.get(key)
    const isOver = before === undefined || before.since + timeWindow <= now
    const { current, since } = isOver
      ? { current: 1, since: now }
      : { ...before, current: before.current + 1 }
    this.counts.delete(key)
    this.counts.set(key, { current, since })
    const [oldest] = this.counts.keys()
    if (this.counts.size > mostKeys && oldest !== undefined) this.counts.delete(oldest)
    callback(null, { current, ttl: Math.ceil(timeWindow - (now - since)) })
  }

  child(): RateStore {
    return new RateStore()
  }
}
