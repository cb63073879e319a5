// What the rows have to be at every size of a ledger: one event a transaction, in a database that nothing happens to.
import { sql, type Kysely } from 'kysely'
import { expect } from 'vitest'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { createApply } from '../../projections/apply.ts'
import { beginning, resetProjection } from '../../projections/checkpoint.ts'
import { takes, type Projection } from '../../projections/projection.ts'
import { openSomeDatabase } from '../support/database.ts'
import type { Database } from '../../readmodels/schema.ts'
import { dump, type Dump } from './databases.ts'

/** A projection's rows, with the checkpoint that they came with. */
export type State = Readonly<{ name: string; size: number; checkpoint: string; rows: Dump }>

/**
 * Every projection that has begun, at one moment.
 * @param unchanged by name, the states of projections whose rows need not be read again
 */
export const statesOf = (
  db: Kysely<Database>,
  projections: readonly Projection[],
  unchanged: ReadonlyMap<string, State> = new Map(),
): Promise<readonly State[]> =>
  db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const checkpoints = await tx.selectFrom('projection_checkpoint').selectAll().orderBy('name').execute()
      const states: State[] = []
      for (const checkpoint of checkpoints) {
        const own = projections.filter(({ name }) => name === checkpoint.name)
        const { name, size } = checkpoint
        const rows = unchanged.get(name)?.rows ?? (await dump(tx, own, []))
        // What the rows had before they were emptied is no part of where they stand.
        states.push({ name, size, checkpoint: JSON.stringify({ ...checkpoint, rebuild_to: 0 }), rows })
      }
      return states
    })

/** As before the first start: no checkpoint; the rows that are left over are nobody's. */
export const forget = async (db: Kysely<Database>): Promise<void> => {
  await sql`truncate table projection_checkpoint`.execute(db)
}

export const entriesOf = async (ledger: Ledger): Promise<readonly Entry[]> => {
  const entries: Entry[] = []
  for await (const entry of ledger.entries()) entries.push(entry)
  return entries
}

export type Oracle = Readonly<{
  /** The states with every event applied. */
  final: readonly State[]
  /** The rows of each projection are those of its own checkpoint. */
  expectWhole: (states: readonly State[]) => void
}>

/** Those whose rows an event of this stream does not touch, as they stand. */
const untouchedBy = (stream: string, projections: readonly Projection[], states: readonly State[]) =>
  new Map(
    states
      .filter(({ name }) => projections.some((one) => one.name === name && !takes(one, stream)))
      .map((state) => [state.name, state]),
  )

/** Applies a ledger event by event, and looks at the end. @returns the states with every event applied */
export const finalOf = async (
  ledger: Ledger,
  projections: readonly Projection[],
): Promise<readonly State[]> => {
  const { db, close } = await openSomeDatabase()
  try {
    const apply = createApply(ledger, db)
    for (const projection of projections) await resetProjection(db, projection)
    let at = beginning
    for (const entry of await entriesOf(ledger)) at = await apply(projections, at, [entry])
    return await statesOf(db, projections)
  } finally {
    await close()
  }
}

/** Applies a ledger event by event, and looks after each. */
export const openOracle = async (ledger: Ledger, projections: readonly Projection[]): Promise<Oracle> => {
  const { db, close } = await openSomeDatabase()
  try {
    const apply = createApply(ledger, db)
    for (const projection of projections) await resetProjection(db, projection)
    const bySize = [await statesOf(db, projections)]
    let at = beginning
    for (const entry of await entriesOf(ledger)) {
      at = await apply(projections, at, [entry])
      const unchanged = untouchedBy(entry.stream, projections, bySize.at(-1)!)
      bySize.push(await statesOf(db, projections, unchanged))
    }
    return {
      final: await statesOf(db, projections),
      expectWhole: (states) => {
        for (const state of states)
          expect(state).toEqual(bySize[state.size]?.find(({ name }) => name === state.name))
      },
    }
  } finally {
    await close()
  }
}
