// How many requests of each key there were within a window of time. By a clock that only goes forward: by one that was put back, a window
// would last for as long as that clock had been ahead.
import type { FastifyRateLimitStore } from '@fastify/rate-limit'

/** Whom an address is of: of IPv6 a customer has 64 bits to himself (RFC 6177, RFC 4291 2.5.1), and would have a bucket for each. */
export const networkOf = (address: string): string => {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = [], tail] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const groups =
    tail === undefined ? head : [...head, ...Array<string>(8 - head.length - tail.length).fill('0')]
  return `${[...groups, ...(tail ?? [])]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

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
