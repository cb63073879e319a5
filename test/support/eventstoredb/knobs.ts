// What a test may do to the server: each fault strikes once, in the order given, the first call that it fits.
import type { MemberInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import { gossip } from './protobuf.ts'
import type { status } from '@grpc/grpc-js'

export type AppendFault =
  /** The request arrives, nothing is written, nothing is answered. */
  | 'silence'
  /** It is written, and the answer never comes. */
  | 'commitThenSilence'
  /** It is written, and the connection breaks. */
  | 'commitThenUnavailable'
  /** Nothing is written, and the connection breaks. */
  | 'unavailable'
  /** "Operation timed out: Commit phase timeout." after the write. */
  | 'commitThenTimeout'
  /** The batch stream ends with OK and the append is forgotten. A unary append has no such end. */
  | 'endOfBatch'

export type ReadFault = Readonly<{
  on: 'read' | 'subscription'
  /** Events delivered before it strikes. */
  after: number
  how: 'ok' | 'cancelled' | 'unavailable' | 'aborted' | 'silence'
}>

export type Role = 'leader' | 'notReady' | Readonly<{ leaderAt: { host: string; port: number } }>

export type Knobs = {
  role: Role
  appends: AppendFault[]
  /** As long as the disk has no room: a node whose writer fails ends, so that no append is written, and each one's connection breaks. */
  isFull: boolean
  reads: ReadFault[]
  /** The status that ServerFeatures answers with, instead of the list. */
  features: status | undefined
  /** What gossip says this node is. */
  state: MemberInfo.VNodeState
}

export const newKnobs = (): Knobs => ({
  role: 'leader',
  appends: [],
  isFull: false,
  reads: [],
  features: undefined,
  state: gossip.MemberInfo.VNodeState.LEADER,
})

export const takeReadFault = (knobs: Knobs, on: ReadFault['on']): ReadFault | undefined => {
  const place = knobs.reads.findIndex((fault) => fault.on === on)
  return place < 0 ? undefined : knobs.reads.splice(place, 1)[0]
}
