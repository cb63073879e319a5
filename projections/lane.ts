// Lanes: projections that stand at the same checkpoint move together, one pass over the ledger for all of them. One lane
// follows the ledger; a projection that is behind has a lane of its own until it has caught up, and holds up nobody.
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions, LogTruncated, type Position } from '../ledger/store.ts'
import { ProjectionFault, type Apply } from './apply.ts'
import type { Checkpoint } from './checkpoint.ts'
import { createIntake } from './intake.ts'
import type { Projection } from './projection.ts'

export type State = 'stopped' | 'catchingUp' | 'live' | 'rebuilding' | 'failed'

/** A projection as the runner knows it. */
export type Member = {
  readonly projection: Projection
  at: Checkpoint
  state: State
  error: string | undefined
  lane: Lane | undefined
}

export type Lane = {
  readonly members: Set<Member>
  at: Checkpoint
  /** One at a time: batches, and members that come or go. */
  readonly exclusive: <T>(act: () => Promise<T>) => Promise<T>
}

const createLock = (): Lane['exclusive'] => {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const result = last.then(act)
    last = result.catch(() => undefined)
    return result
  }
}

/** A lane of members that all stand at `at`. */
export const createLane = (members: readonly Member[], at: Checkpoint): Lane => {
  const lane: Lane = { members: new Set(members), at, exclusive: createLock() }
  for (const member of members) member.lane = lane
  return lane
}

/** Members by checkpoint, the furthest first. */
export const groupsOf = (members: readonly Member[]): readonly (readonly [Member, ...Member[]])[] => {
  const groups = new Map<number, [Member, ...Member[]]>()
  for (const member of members) {
    const group = groups.get(member.at.size)
    if (group === undefined) groups.set(member.at.size, [member])
    else group.push(member)
  }
  return [...groups.values()].sort(([a], [b]) => b.at.size - a.at.size)
}

/** Takes a member out, between two batches. */
export const leave = async (member: Member): Promise<void> => {
  const { lane } = member
  await lane?.exclusive(async () => {
    lane.members.delete(member)
    if (member.lane === lane) member.lane = undefined
  })
}

/** Applies a batch to a lane; the caller holds the lane. A member that cannot take it is handed to `eject`. */
export const applyTo = async (
  apply: Apply,
  lane: Lane,
  entries: Parameters<Apply>[2],
  eject: (member: Member, fault: ProjectionFault) => void,
): Promise<void> => {
  for (;;)
    try {
      const members = [...lane.members]
      const at = await apply(
        members.map(({ projection }) => projection),
        lane.at,
        entries,
      )
      lane.at = at
      for (const member of members) member.at = at
      return
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error
      const member = [...lane.members].find(({ projection }) => projection === error.projection)
      if (member === undefined || lane.members.size === 1) throw error
      lane.members.delete(member)
      member.lane = undefined
      eject(member, error)
    }
}

export type Reading = Readonly<{
  ledger: Ledger
  apply: Apply
  /** Entries of a batch. */
  bulk: number
  isStopping: () => boolean
  eject: (member: Member, fault: ProjectionFault) => void
  onBatch: (lane: Lane) => void
}>

const hasReached = (at: Position | undefined, until: Position | 'end'): boolean =>
  until !== 'end' && at !== undefined && comparePositions(at, until) >= 0

/** Brings a lane forward over what the ledger holds, as far as `until`. */
export const readUpTo = async (reading: Reading, lane: Lane, until: Position | 'end'): Promise<void> => {
  const { ledger, apply, bulk, isStopping, eject, onBatch } = reading
  if (hasReached(lane.at.position, until)) return
  const intake = createIntake(ledger.entries(lane.at.position), bulk)
  try {
    for (;;) {
      const { entries, ended } = await intake.take()
      const within =
        until === 'end' ? entries : entries.filter(({ position }) => comparePositions(position, until) <= 0)
      if (isStopping() || lane.members.size === 0) return
      await lane.exclusive(() => applyTo(apply, lane, within, eject))
      onBatch(lane)
      if (within.length < entries.length || hasReached(lane.at.position, until)) return
      if (!ended) continue
      if (until === 'end') return
      throw new LogTruncated(until)
    }
  } finally {
    intake.close()
  }
}
