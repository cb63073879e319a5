// What a projection is: a name, a version, and how a batch of events becomes rows. It holds no rule, no clock and no
// randomness, so it can be thrown away and replayed at will.
import type { Transaction } from 'kysely'
import type { Env } from '../domain/event.ts'
import type { Event } from '../domain/kernel.ts'
import type { Position } from '../ledger/store.ts'
import type { Database, Tables } from '../readmodels/schema.ts'

/** Where and when an event was recorded. */
export type Recorded = Readonly<{
  position: Position
  /** Ledger entries before it, system events left out: the index of its leaf. */
  rank: number
  stream: string
  revision: number
  id: string
  /** When it was written, to the millisecond. */
  at: string
  env: Env
}>

export type Applied = Readonly<{
  /** The public part, in its newest form: every sealed field is `{ destroyed: true }`. */
  event: Event
  at: Recorded
  /** The same event with the sealed fields that can still be opened. */
  open: () => Promise<Event>
}>

export type Projection = Readonly<{
  name: string
  /** Changed whenever the rows come out differently: the runner then rebuilds. */
  version: number
  /** How the names of its streams begin; absent where it takes every event. */
  streams?: readonly string[]
  /** Tables that are its own: a rebuild empties them. */
  tables: readonly (keyof Tables)[]
  /** Consecutive events of its streams, in ledger order, in the transaction that also moves the checkpoint. */
  apply: (tx: Transaction<Database>, batch: readonly Applied[]) => Promise<void>
}>

/** Tells whether a projection takes the events of a stream. */
export const takes = ({ streams }: Projection, stream: string): boolean =>
  streams === undefined || streams.some((prefix) => stream.startsWith(prefix))

/** What a stream's name says after its aggregate: `certificate-<serial>` → the serial. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1)
