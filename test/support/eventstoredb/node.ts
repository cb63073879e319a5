import type { Metadata } from '@grpc/grpc-js'
import type { EventStore } from '../../../ledger/store.ts'
import { notLeader, notReady } from './answers.ts'
import type { Knobs } from './knobs.ts'

/** What the server has counted since it started. */
export type Seen = {
  /** Calls of Read that are open now. */
  reading: number
  /** Calls of Read that the client cancelled. */
  cancelled: number
  appends: number
  /** Appends that a full disk has kept from being written. */
  unwritten: number
  batches: number
  featureRequests: number
}

export type Node = Readonly<{
  store: () => EventStore
  knobs: Knobs
  seen: Seen
  /** Places in the log that a scavenge has emptied. */
  scavenged: Set<bigint>
}>

export const requiresLeader = (metadata: Metadata): boolean =>
  metadata.get('requires-leader').some((value) => value.toString().toLowerCase() === 'true')

/** @throws the status that the node's role gives; a follower forwards what does not require the leader */
export const admit = (node: Node, leaderRequired: boolean): void => {
  const { role } = node.knobs
  if (role === 'notReady') throw notReady()
  if (role !== 'leader' && leaderRequired) throw notLeader(role.leaderAt.host, role.leaderAt.port)
}
