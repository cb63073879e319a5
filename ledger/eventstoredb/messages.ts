import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Connection } from './connection.ts'

/** One open read or subscription. `cancel` frees its place on the server, and must be called however the read ends. */
export type Messages = Readonly<{
  /** The next message; `'idle'` when none came in `idleMs`; undefined at the server's end. @throws what the call ended with */
  next: (idleMs: number) => Promise<ReadResp | 'idle' | undefined>
  cancel: () => void
}>

/** Messages taken off the wire ahead of the consumer. Above it the stream is paused and HTTP/2 holds the server back. */
const ahead = 128

/**
 * Opens a read and hands its messages out one by one. The client's own iteration does not cancel the call when its consumer
 * leaves, and each call left open takes one of the connection's 100 streams for good (eventstoredb.md section 3).
 * @throws NoAnswer when no call could be opened in `timeoutMs`
 */
export const openMessages = async (
  connection: Connection,
  timeoutMs: number,
  request: ReadReq,
): Promise<Messages> => {
  const stream = await connection.read(timeoutMs, request)
  let queue: ReadResp[] = []
  let taken = 0
  let ended = false
  let failure: Error | undefined
  let wake: ((idle?: 'idle') => void) | undefined

  stream.on('data', (message: ReadResp) => {
    queue.push(message)
    if (queue.length - taken >= ahead) stream.pause()
    wake?.()
  })
  stream.on('end', () => {
    ended = true
    wake?.()
  })
  // Also after `cancel`: the stream then ends with a cancellation that nobody waits for.
  stream.on('error', (error: Error) => {
    failure ??= error
    wake?.()
  })

  const take = (): ReadResp | undefined => {
    const message = queue[taken]
    if (message === undefined) return undefined
    taken += 1
    if (taken === queue.length) {
      queue = []
      taken = 0
      if (stream.isPaused()) stream.resume()
    }
    return message
  }

  const arrival = (idleMs: number): Promise<'idle' | undefined> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => wake?.('idle'), idleMs)
      wake = (idle) => {
        wake = undefined
        clearTimeout(timer)
        resolve(idle)
      }
    })

  const next = async (idleMs: number): Promise<ReadResp | 'idle' | undefined> => {
    for (;;) {
      const message = take()
      if (message !== undefined) return message
      if (failure !== undefined) throw failure
      if (ended) return undefined
      if ((await arrival(idleMs)) === 'idle') return 'idle'
    }
  }

  return {
    next,
    cancel: () => {
      ended = true
      stream.cancel()
      wake?.()
    },
  }
}
