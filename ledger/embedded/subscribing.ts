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

export type Source = Readonly<{ tables: Tables; signal: Signal; now: () => number; isOpen: () => boolean }>

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
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const isStopped = (): boolean => stopping.signal.aborted || !source.isOpen()

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
      await Promise.race([committed, stopped])
    }
  }

  return {
    [Symbol.asyncIterator]: run,
    unsubscribe: async () => {
      stopping.abort()
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
