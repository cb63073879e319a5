// What the rows have to be at every size of a ledger: one event a transaction, in a database that nothing happens to.
import { sql, type Kysely } from 'kysely'
import { expect } from 'vitest'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { createApply } from '../../projections/apply.ts'
import { beginning, resetProjection } from '../../projections/checkpoint.ts'
import type { Projection } from '../../projections/projection.ts'
import { openDatabase } from '../../readmodels/database.ts'
import type { Database } from '../../readmodels/schema.ts'
import { dump, type Dump } from './databases.ts'

/** A projection's rows, with the checkpoint that they came with. */
export type State = Readonly<{ name: string; size: number; checkpoint: string; rows: Dump }>

/** Every projection that has begun, at one moment. */
export const statesOf = (
  db: Kysely<Database>,
  projections: readonly Projection[],
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
        states.push({ name, size, checkpoint: JSON.stringify(checkpoint), rows: await dump(tx, own, []) })
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

/** Applies a ledger event by event. */
export const openOracle = async (ledger: Ledger, projections: readonly Projection[]): Promise<Oracle> => {
  const { db, close } = await openDatabase({ memory: true })
  try {
    const apply = createApply(ledger, db)
    for (const projection of projections) await resetProjection(db, projection)
    const bySize = [await statesOf(db, projections)]
    let at = beginning
    for (const entry of await entriesOf(ledger)) {
      at = await apply(projections, at, [entry])
      bySize.push(await statesOf(db, projections))
    }
    return {
      final: bySize.at(-1)!,
      expectWhole: (states) => {
        for (const state of states)
          expect(state).toEqual(bySize[state.size]?.find(({ name }) => name === state.name))
      },
    }
  } finally {
    await close()
  }
}
