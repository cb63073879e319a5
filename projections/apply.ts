// One batch into the database: rows and checkpoints in one transaction.
import type { Kysely } from 'kysely'
import { decodeAny } from '../domain/aggregates.ts'
import type { Env } from '../domain/event.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'
import { comparePositions } from '../ledger/store.ts'
import type { Database } from '../readmodels/schema.ts'
import { advance, type Checkpoint } from './checkpoint.ts'
import type { Fence } from './epoch.ts'
import { takes, type Applied, type Projection } from './projection.ts'

/** A projection could not take a batch; the others could. Nothing was written. */
export class ProjectionFault extends Error {
  override readonly name = 'ProjectionFault'
  readonly projection: Projection
  constructor(projection: Projection, cause: unknown) {
    super(`projection ${projection.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
    this.projection = projection
  }
}

const decode = (ledger: Ledger, entry: Entry, rank: number): Applied => {
  const { stream, revision, id, position, body } = entry
  const env = body.pub['env'] as unknown as Env
  return {
    event: decodeAny(stream, ledger.publicPart(entry)),
    at: { position, rank, stream, revision, id, at: body.at, env },
    open: async () => decodeAny(stream, await ledger.open(entry)),
  }
}

const inOrder = (from: Checkpoint, entries: readonly Entry[]): void => {
  let last = from.position
  for (const { position } of entries) {
    if (last !== undefined && comparePositions(position, last) <= 0)
      throw new Error('the ledger delivered an entry twice, or out of order')
    last = position
  }
}

export type Apply = (
  projections: readonly Projection[],
  from: Checkpoint,
  entries: readonly Entry[],
) => Promise<Checkpoint>

/**
 * Makes the writer of batches. Its result is where the projections stand afterwards.
 * @param fence whether this process still projects, where others do too
 * @throws ProjectionFault, CheckpointMoved, Deposed; Error on an event that no aggregate knows, or a database out of reach
 */
export const createApply =
  (ledger: Ledger, db: Kysely<Database>, fence?: Fence): Apply =>
  async (projections, from, entries) => {
    const last = entries.at(-1)
    if (last === undefined) return from
    inOrder(from, entries)
    const { position, stream, revision, id, body } = last
    const event = { stream, revision, id }
    const to = { position, event, size: from.size + entries.length, lastAt: body.at }
    if (projections.length === 0) return to
    const batch = entries.map((entry, index) => decode(ledger, entry, from.size + index))
    await db.transaction().execute(async (tx) => {
      await fence?.(tx)
      await advance(tx, projections, from, to)
      for (const projection of projections) {
        const own = batch.filter(({ at }) => takes(projection, at.stream))
        if (own.length === 0) continue
        await projection.apply(tx, own).catch((cause: unknown) => {
          throw new ProjectionFault(projection, cause)
        })
      }
    })
    return to
  }
