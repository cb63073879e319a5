import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Delivery, LedgerFault, type RecordedEvent, type Subscription } from '../store.ts'
import type { Connection } from './connection.ts'
import { deadline, NoAnswer } from './deadline.ts'
import { answerOf, commandError, faultOf, isFinal } from './faults.ts'
import type { Gate } from './gate.ts'
import { type Messages, openMessages } from './messages.ts'
import { positionOf, recordedFrom } from './recorded.ts'
import { type Limits, pause, recover } from './retry.ts'

/** Where a subscription stands, and how it finds out whether the log still agrees. One for `$all`, one for a stream. */
export type Track = Readonly<{
  what: string
  stream: string
  /** Fixes the starting point, before anything is asked of the subscription itself. */
  begin: () => Promise<void>
  /**
   * Checks the place reached against the log, and takes the events that the server would skip on resuming.
   * @throws LogTruncated
   */
  resume: () => Promise<readonly RecordedEvent[]>
  request: () => ReadReq
  /** Moves on to an event or a checkpoint; false when it was passed before. */
  advance: (delivery: Delivery) => boolean
  /** Whether the log has moved on past the place reached, looked at twice without a delivery in between. */
  stalled: () => Promise<boolean>
}>

const deliveryFrom = (message: ReadResp): Delivery | undefined => {
  const event = message.getEvent()?.getEvent()
  if (event !== undefined) return { kind: 'event', event: recordedFrom(event) }
  if (message.hasCaughtUp()) return { kind: 'caughtUp' }
  const checkpoint = message.getCheckpoint()
  return checkpoint === undefined ? undefined : { kind: 'checkpoint', position: positionOf(checkpoint) }
}

const signal = () => {
  let isFired = false
  let resolve: () => void = () => undefined
  const fired = new Promise<void>((done) => {
    resolve = done
  })
  const fire = (): void => {
    isFired = true
    resolve()
  }
  return { fire, fired, isFired: () => isFired }
}

export type Subscriber = Readonly<{
  subscribe: (track: Track) => Subscription
  /** Ends every subscription that is still open. */
  close: () => Promise<void>
}>

/** How long `unsubscribe` waits for a read that a resumption is in the middle of. Nothing is delivered after it anyhow. */
const farewellMs = 1_000

/**
 * The robust consumer of eventstoredb.md section 4: whatever ends a subscription, an error, the server's OK or silence, it
 * backs off, checks that the log still holds the place it had reached, and resumes behind it. It ends by `unsubscribe`, by
 * LogTruncated, or by an answer that would never change.
 */
export const openSubscriber = (connection: Connection, places: Gate, limits: Limits): Subscriber => {
  const idle = limits.readIdleTimeoutMs

  const open = new Set<Subscription>()

  const subscribe = (track: Track): Subscription => {
    const stop = signal()
    let current: Messages | undefined
    let caughtUp = false
    let failures = 0

    const begun = track.begin()
    begun.catch(() => undefined)

    const fresh = (delivery: Delivery): boolean => {
      if (delivery.kind !== 'caughtUp') return track.advance(delivery)
      // Every resumption catches up again; the consumer has caught up once.
      const first = !caughtUp
      caughtUp = true
      return first
    }

    const arrivals = async function* (messages: Messages): AsyncGenerator<Delivery, void> {
      for (;;) {
        const message = await messages.next(idle)
        if (message === undefined) return
        if (message === 'idle') {
          if (await track.stalled()) throw new NoAnswer(`${track.what} is silent while the log goes on`)
          continue
        }
        failures = 0
        const delivery = deliveryFrom(message)
        if (delivery !== undefined && fresh(delivery)) yield delivery
      }
    }

    const session = async function* (): AsyncGenerator<Delivery, void> {
      for (const event of await track.resume()) {
        const delivery: Delivery = { kind: 'event', event }
        if (fresh(delivery)) yield delivery
      }
      const messages = await openMessages(connection, idle, track.request())
      current = messages
      try {
        if (!stop.isFired()) yield* arrivals(messages)
      } finally {
        messages.cancel()
        current = undefined
      }
    }

    const backOff = async (thrown: unknown): Promise<void> => {
      const error = commandError(thrown)
      const answer = answerOf(error, track.stream, 'any')
      if (answer !== undefined && !(answer instanceof LedgerFault)) throw answer
      if (isFinal(error) && !(error instanceof LedgerFault)) throw faultOf(track.what, error)
      recover(connection, error)
      failures += 1
      await pause(limits, failures, stop.fired)
    }

    const deliveries = async function* (): AsyncGenerator<Delivery, void> {
      const leave = await places.enter(0).catch(() => {
        throw new LedgerFault('too many subscriptions are open: the next one would wait for ever, unseen')
      })
      try {
        await begun
        while (!stop.isFired()) {
          try {
            yield* session()
            if (!stop.isFired()) await backOff(new LedgerFault(`${track.what} was ended by the server`))
          } catch (thrown) {
            if (!stop.isFired()) await backOff(thrown)
          }
        }
      } finally {
        leave()
        open.delete(subscription)
      }
    }

    const iterator = deliveries()
    const subscription: Subscription = {
      [Symbol.asyncIterator]: () => iterator,
      unsubscribe: async () => {
        open.delete(subscription)
        stop.fire()
        current?.cancel()
        await deadline(farewellMs, iterator.return(undefined), () => undefined).catch(() => undefined)
      },
    }
    open.add(subscription)
    return subscription
  }

  const close = async (): Promise<void> => {
    await Promise.all([...open].map((subscription) => subscription.unsubscribe()))
  }
  return { subscribe, close }
}
