import {
  comparePositions,
  LogTruncated,
  type Position,
  type RecordedEvent,
  StreamNotFound,
  type SubscribeAllOptions,
  type SubscribeOptions,
} from '../store.ts'
import { matches } from './filter.ts'
import { first, type Reader } from './read.ts'
import { subscribeToAllRequest, subscribeToStreamRequest } from './requests.ts'
import type { Track } from './subscribe.ts'

/** Remembers what was found beyond the place reached; true when it is found again with no delivery in between. */
const suspicion = () => {
  let suspect = false
  return {
    lift: () => {
      suspect = false
    },
    look: (ahead: boolean): boolean => {
      const confirmed = ahead && suspect
      suspect = ahead && !confirmed
      return confirmed
    },
  }
}

/** The server takes the position 0/0 for the start, and no event lies there. */
const atStart = (position: Position): boolean => position.commit === 0n

type Mark = Readonly<{ position: Position; id?: string }>

export const allTrack = (reader: Reader, options: SubscribeAllOptions): Track => {
  const { filter, window = 32, checkpointInterval = 1, after = 'start', afterId } = options
  let mark: Mark | undefined
  const doubt = suspicion()
  const set = (position: Position, id: string | undefined): void => {
    mark = atStart(position) ? undefined : id === undefined ? { position } : { position, id }
  }

  return {
    what: 'subscription to $all',
    stream: '$all',
    begin: async () => {
      if (after === 'start') return
      if (after !== 'end') {
        set(after, afterId)
        return
      }
      // Pinned here and now: a connection lost before the first event must not lose what is committed meanwhile.
      const end = await first(reader.readAll({ direction: 'backwards', limit: 1 }))
      if (end !== undefined) set(end.position, end.id)
    },
    resume: async () => {
      if (mark === undefined) return []
      const { position, id } = mark
      const found = await first(reader.readAll({ from: position, limit: 1 }))
      if (found === undefined) throw new LogTruncated(position)
      if (found.position.commit === position.commit) {
        if (id !== undefined && found.id !== id.toLowerCase()) throw new LogTruncated(position)
        return []
      }
      // 23.10 begins after the first event at or beyond the position: this one would never be seen.
      if (matches(filter, found)) return [found]
      set(found.position, found.id)
      return []
    },
    request: () => subscribeToAllRequest(mark?.position ?? 'start', filter, window, checkpointInterval),
    advance: (delivery) => {
      if (delivery.kind === 'caughtUp') return true
      doubt.lift()
      const position = delivery.kind === 'event' ? delivery.event.position : delivery.position
      const order = mark === undefined ? 1 : comparePositions(position, mark.position)
      if (delivery.kind === 'checkpoint') {
        if (order > 0) set(position, undefined)
        return true
      }
      if (order > 0) set(position, delivery.event.id)
      return order > 0
    },
    stalled: async () => {
      const end = await first(reader.readAll({ direction: 'backwards', limit: 1 }))
      return doubt.look(
        end !== undefined && (mark === undefined || comparePositions(end.position, mark.position) > 0),
      )
    },
  }
}

export const streamTrack = (
  reader: Reader,
  stream: string,
  { after = 'start' }: SubscribeOptions<number>,
): Track => {
  let mark: Readonly<{ revision: number; id?: string; position?: Position }> | undefined
  const doubt = suspicion()

  const last = async (): Promise<RecordedEvent | undefined> => {
    try {
      return await first(reader.readStream(stream, { direction: 'backwards', limit: 1 }))
    } catch (error) {
      // Not written yet, or soft-deleted: the subscription waits for it to come (back).
      if (error instanceof StreamNotFound) return undefined
      throw error
    }
  }

  return {
    what: 'subscription to a stream',
    stream,
    begin: async () => {
      if (after === 'start') return
      if (after !== 'end') {
        mark = { revision: after }
        return
      }
      const end = await last()
      if (end !== undefined) mark = { revision: end.revision, id: end.id, position: end.position }
    },
    resume: async () => {
      // A position is known only of what was read here: a caller's bare revision may lie ahead of the stream.
      if (mark?.position === undefined) return []
      const found = await first(reader.readAll({ from: mark.position, limit: 1 }))
      if (found === undefined) throw new LogTruncated(mark.position)
      if (found.position.commit === mark.position.commit && found.id !== mark.id)
        throw new LogTruncated(mark.position)
      return []
    },
    request: () => subscribeToStreamRequest(stream, mark?.revision ?? 'start'),
    advance: (delivery) => {
      if (delivery.kind !== 'event') return true
      doubt.lift()
      const { revision, id, position } = delivery.event
      if (mark !== undefined && revision <= mark.revision) return false
      mark = { revision, id, position }
      return true
    },
    stalled: async () => {
      const end = await last()
      return doubt.look(end !== undefined && end.revision > (mark?.revision ?? -1))
    },
  }
}
