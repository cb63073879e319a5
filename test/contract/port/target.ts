// What the cases of the port share: a store to run on, fresh events, and a subscription read one delivery at a time.
import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { Delivery, EventStore, Proposed, RecordedEvent, Subscription } from '../../../ledger/store.ts'

export type Target = Readonly<{
  store: EventStore
  /** Another way to the same log: a second connection, or the same store where only one process may write. */
  beside: EventStore
  /** The log as it is after everything between it and the caller was started anew. */
  restart: () => Promise<Target>
  /** Takes out of `$all` what streams no longer show, where the store can do that. */
  scavenge?: () => Promise<void>
  close: () => Promise<void>
}>

/** The target as it stands; a restart puts another one in its place. */
export type Current = () => Target

export const freshStream = (): string => `contract_${randomUUID()}`

export const proposed = (given: Partial<Proposed> = {}): Proposed => ({
  ...{ id: randomUUID(), type: 'Noted', json: true, data: Buffer.from('{"n":1}', 'utf8') },
  ...given,
})

export const proposals = (count: number): readonly Proposed[] =>
  Array.from({ length: count }, (_, n) => proposed({ data: Buffer.from(`{"n":${n}}`, 'utf8') }))

export const idsOf = (events: readonly Readonly<{ id: string }>[]): readonly string[] =>
  events.map(({ id }) => id)

export const revisionsOf = (events: readonly RecordedEvent[]): readonly number[] =>
  events.map(({ revision }) => revision)

export const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The ids that the stream shows, in order. */
export const idsIn = async ({ store }: Target, stream: string): Promise<readonly string[]> =>
  idsOf(await all(store.readStream(stream)))

/** The stream's own events in `$all`, from the start. */
export const ofStreams = async (
  { store }: Target,
  ...streams: readonly string[]
): Promise<readonly RecordedEvent[]> =>
  (await all(store.readAll())).filter(({ stream }) => streams.includes(stream))

export const strictlyIncreasing = (events: readonly RecordedEvent[]): boolean =>
  events.every(
    ({ position }, i) => i === 0 || position.commit > (events[i - 1]?.position.commit ?? position.commit),
  )

/** A subscription one delivery at a time, without the events of others. */
export type Tap = Readonly<{
  /** Undefined at the end of the subscription. */
  next: () => Promise<Delivery | undefined>
  /** The next `count` events, whatever comes between them. */
  events: (count: number) => Promise<readonly RecordedEvent[]>
  /** Everything up to the first `caughtUp`. */
  untilCaughtUp: () => Promise<readonly RecordedEvent[]>
}>

/** Opens a tap, closed at the end of the test. */
export const openTap = (
  subscription: Subscription,
  isOwn: (event: RecordedEvent) => boolean = () => true,
): Tap => {
  onTestFinished(() => subscription.unsubscribe())
  const iterator = subscription[Symbol.asyncIterator]()
  const next = async (): Promise<Delivery | undefined> => {
    for (;;) {
      const { done, value } = (await iterator.next()) as IteratorResult<Delivery, undefined>
      if (done === true) return undefined
      if (value.kind !== 'event' || isOwn(value.event)) return value
    }
  }
  const collect = async (isOver: (events: RecordedEvent[], last?: Delivery) => boolean) => {
    const events: RecordedEvent[] = []
    for (let last: Delivery | undefined; !isOver(events, last);) {
      last = await next()
      if (last === undefined) throw new Error('the subscription ended')
      if (last.kind === 'event') events.push(last.event)
    }
    return events
  }
  return {
    next,
    events: (count) => collect((events) => events.length === count),
    untilCaughtUp: () => collect((_, last) => last?.kind === 'caughtUp'),
  }
}
