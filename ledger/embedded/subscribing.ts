// A live subscription is a reader that waits: it reads the page behind its place, and where there is none, for the next
// commit. A slow consumer therefore buffers one page, never the log.
import type {
  Delivery,
  Filter,
  RecordedEvent,
  SubscribeAllOptions,
  SubscribeOptions,
  Subscription,
} from '../store.ts'
import { logPage, streamPage } from './reading.ts'
import type { Signal } from './signal.ts'
import { firstVisible, isSoftDeleted, lookUp, oldestVisible } from './streams.ts'
import { lastPlace, type Tables } from './tables.ts'

export type Source = Readonly<{
  tables: Tables
  signal: Signal
  now: () => number
  isOpen: () => boolean
  /** How often to look anyway, in milliseconds: where another process writes, nothing is signalled here. */
  watchMs?: number
}>

export const matches = (filter: Filter): ((event: RecordedEvent) => boolean) => {
  if ('streamPrefixes' in filter)
    return ({ stream }) => filter.streamPrefixes.some((p) => stream.startsWith(p))
  if ('typePrefixes' in filter) return ({ type }) => filter.typePrefixes.some((p) => type.startsWith(p))
  if ('streamRegex' in filter) {
    const regex = new RegExp(filter.streamRegex, 'u')
    return ({ stream }) => regex.test(stream)
  }
  const regex = new RegExp(filter.typeRegex, 'u')
  return ({ type }) => regex.test(type)
}

/** The events behind a place, a page at a time. */
type Pages = Readonly<{
  next: () => readonly RecordedEvent[]
  deliver: (event: RecordedEvent) => Iterable<Delivery>
}>

const live = (source: Source, pages: Pages): Subscription => {
  let unsubscribed = false
  let wake: () => void = () => undefined
  const isStopped = (): boolean => unsubscribed || !source.isOpen()

  /** Until a commit, the time to look anyway, or the end. */
  const woken = (committed: Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      const timer = source.watchMs === undefined ? undefined : setTimeout(resolve, source.watchMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
      void committed.then(wake)
    })

  const run = async function* (): AsyncGenerator<Delivery> {
    let caughtUp = false
    while (!isStopped()) {
      // Asked for before the look: a commit between the look and the wait is not missed.
      const committed = source.signal.next()
      const page = pages.next()
      for (const event of page) {
        if (isStopped()) return
        yield* pages.deliver(event)
      }
      if (page.length > 0) continue
      if (!caughtUp) {
        caughtUp = true
        yield { kind: 'caughtUp' }
      }
      await woken(committed)
    }
  }

  return {
    [Symbol.asyncIterator]: run,
    unsubscribe: async () => {
      unsubscribed = true
      wake()
    },
  }
}

export const subscribeToAll = (source: Source, options: SubscribeAllOptions = {}): Subscription => {
  const { after = 'start', filter, checkpointInterval = 1, window = 32 } = options
  const wanted = filter === undefined ? () => true : matches(filter)
  const end = lastPlace(source.tables)
  let place = after === 'start' ? 0 : after === 'end' ? end : Number(after.commit)
  let considered = 0
  const every = checkpointInterval * window
  return live(source, {
    next: () => {
      const page = logPage(source.tables, place + 1, false)
      const last = page.at(-1)
      if (last !== undefined) place = Number(last.position.commit)
      return page
    },
    deliver: function* (event): Iterable<Delivery> {
      if (wanted(event)) yield { kind: 'event', event }
      considered += 1
      if (filter !== undefined && considered % every === 0)
        yield { kind: 'checkpoint', position: event.position }
    },
  })
}

export const subscribeToStream = (
  source: Source,
  name: string,
  { after = 'start' }: SubscribeOptions<number> = {},
): Subscription => {
  const { tables, now } = source
  let revision = after === 'start' ? -1 : after === 'end' ? lookUp(tables, name).last : after
  return live(source, {
    next: () => {
      const stream = lookUp(tables, name)
      if (stream.last < 0 || isSoftDeleted(stream)) return []
      const [lowest, oldest] = [firstVisible(stream), oldestVisible(stream, now())]
      const page = streamPage(tables, stream, {
        revision: revision + 1,
        backwards: false,
        lowest,
        limit: 512,
      })
      const last = page.at(-1)
      if (last !== undefined) revision = last.revision
      return page.filter(({ created }) => created.getTime() >= oldest)
    },
    deliver: (event) => [{ kind: 'event', event }],
  })
}
