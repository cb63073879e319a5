import { type ServerWritableStream, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { failure } from './answers.ts'
import type { ReadFault } from './knobs.ts'
import type { Node } from './node.ts'

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>

/** The way out of one call of Read: paced by the client, over once, and struck by a fault where one was set. */
export type Outlet = Readonly<{
  /** False when the call is over and no more can be sent. */
  send: (message: ReadResp) => Promise<boolean>
  end: () => void
  fail: (error: ServiceError) => void
  over: () => boolean
  /** Resolves when the call is over, whoever ended it. */
  gone: Promise<void>
}>

const strikes: Readonly<Record<Exclude<ReadFault['how'], 'ok' | 'silence'>, () => ServiceError>> = {
  cancelled: () => failure(status.CANCELLED, 'Call cancelled'),
  unavailable: () => failure(status.UNAVAILABLE, 'Connection dropped'),
  aborted: () =>
    failure(
      status.ABORTED,
      'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.',
    ),
}

export const openOutlet = (node: Node, call: ReadCall, fault: ReadFault | undefined): Outlet => {
  let over = false
  let silent = false
  let delivered = 0
  let leave: () => void = () => undefined
  const gone = new Promise<void>((resolve) => {
    leave = resolve
  })
  node.seen.reading += 1

  const finish = (): boolean => {
    if (over) return false
    over = true
    node.seen.reading -= 1
    leave()
    return true
  }
  const end = (): void => {
    if (finish()) call.end()
  }
  const fail = (error: ServiceError): void => {
    if (finish()) call.emit('error', error)
  }
  call.on('cancelled', () => {
    if (finish()) node.seen.cancelled += 1
  })
  call.on('error', () => undefined)

  const strike = (how: ReadFault['how']): void => {
    if (how === 'silence') silent = true
    else if (how === 'ok') end()
    else fail(strikes[how]())
  }
  const strikeWhenDue = (): void => {
    if (fault?.after === delivered) strike(fault.how)
  }

  const drained = (): Promise<unknown> =>
    Promise.race([gone, new Promise<void>((resolve) => call.once('drain', () => resolve()))])

  const send = async (message: ReadResp): Promise<boolean> => {
    if (over) return false
    // A server that fell silent keeps the call open and says nothing more.
    if (silent) await gone
    else if (!call.write(message)) await drained()
    if (message.hasEvent()) {
      delivered += 1
      strikeWhenDue()
    }
    return !over
  }

  strikeWhenDue()
  return { send, end, fail, over: () => over, gone }
}
