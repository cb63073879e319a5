// Rows and checkpoints move together or not at all, whatever fails and whenever, and each event counts once.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position } from '../../ledger/store.ts'
import { createApply } from '../../projections/apply.ts'
import { beginning, CheckpointMoved, resetProjection } from '../../projections/checkpoint.ts'
import { createRunner, type Runner, type RunnerOptions } from '../../projections/runner.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { databases } from './databases.ts'
import { faults, faulty, type Fault } from './faultyDatabase.ts'
import { crlSeries, interleaved, life, projections, tell, type Told } from './lives.ts'
import { entriesOf, finalOf, forget, openOracle, statesOf, type Oracle, type State } from './oracle.ts'

const inTime = 60_000
const retry = { firstMs: 1, maxMs: 2 }

/** Some of every kind of row, with intents that are opened and ended in one batch and in several. */
const facts = interleaved(
  [life(1, 'recovered'), life(2, 'maybeSigned'), life(3, 'refused'), life(4, 'open'), crlSeries(1)],
  [3, 1, 4, 1, 5, 9, 2, 6],
)

// Of four statements one database has the first, the other the third: on both they are the same, and every kind of statement is met
// at many places.
describe.each(databases.map(([name, open], first) => [name, open, first] as const))(
  'rows and checkpoints on %s',
  (_, open, first) => {
    let told: Told
    let oracle: Oracle
    let head: Position
    let database: OpenDatabase
    beforeAll(async () => {
      told = await tell(facts)
      head = (await told.ledger.head())!
      oracle = await openOracle(told.ledger, projections)
      database = await open()
    })
    afterAll(() => database.close())

    const runnerOn = (more: Partial<RunnerOptions>): Runner =>
      createRunner({ ...told, db: database.db, projections, retry, batch: 60, bulk: 60, ...more })

    /** Lets a runner take in the whole ledger while statements fail as planned. @returns those that failed */
    const followThrough = async (
      plan: ReadonlyMap<number, Fault>,
      more: Partial<RunnerOptions> = {},
    ): Promise<readonly string[]> => {
      const { db } = database
      await forget(db)
      const seen: (readonly State[])[] = []
      const failed: string[] = []
      let [count, looked] = [0, 0]
      const at = (statement: string): Fault | undefined => {
        count += 1
        const fault = plan.get(count)
        if (fault !== undefined) failed.push(statement)
        return fault
      }
      const released = async (): Promise<void> => {
        if (looked === failed.length) return
        looked = failed.length
        seen.push(await statesOf(db, projections))
      }
      const runner = runnerOn({ ...more, db: faulty(db, { at, released }) })
      runner.start()
      const isThrough = await runner.waitFor(head, inTime)
      await runner.stop()
      expect(isThrough, 'the runner goes on').toBe(true)
      for (const states of seen) oracle.expectWhole(states)
      expect(await statesOf(db, projections)).toEqual(oracle.final)
      return failed
    }

    it('a fault at each fourth statement in turn, `commit` included, one kind after the other', async () => {
      // Resets and one batch: what comes between two batches is for the faults below.
      const whole = { batch: 1000, bulk: 1000 }
      let n = 1 + 2 * first
      for (; ; n += 4) {
        const kind = faults[n % faults.length]!
        const hit = await followThrough(new Map([[n, kind]]), whole)
        if (hit.length === 0) break
        // Whether a commit was heard of is all the difference: each meets every kind, on the database of the second turn.
        if (first === 1 && hit.includes('commit'))
          for (const other of faults.filter((one) => one !== kind))
            await followThrough(new Map([[n, other]]), whole)
      }
      expect(n).toBeGreaterThan(80)
    })

    it('several faults, one after the other', async () => {
      const fault = fc.tuple(fc.integer({ min: 1, max: 140 }), fc.constantFrom(...faults))
      await fc.assert(
        fc.asyncProperty(fc.array(fault, { minLength: 2, maxLength: 12 }), async (plan) => {
          await followThrough(new Map(plan))
        }),
        { seed: 20_260_302, numRuns: 8 },
      )
    })

    it('who waits is told, also when the answer to the last commit was lost', async () => {
      const { db } = database
      await forget(db)
      const one = await tell(facts.slice(0, 1))
      const end = (await one.ledger.head())!
      const others = projections.map(({ name }) => name).filter((name) => name !== 'history')
      let [inserts, isLast] = [0, false]
      const at = async (statement: string): Promise<Fault | undefined> => {
        const isInsert = statement.startsWith('insert into "history"')
        if (isInsert) inserts += 1
        // Refused with the others, it is left behind; alone, it commits when they are through, and never hears of it.
        if (isInsert && inserts === 1) return 'refused'
        isLast ||= isInsert
        if (!isLast || statement !== 'commit' || inserts > 2) return undefined
        inserts += 1
        expect(await runner.waitFor(end, inTime, others)).toBe(true)
        return 'lostAfter'
      }
      const runner = runnerOn({ ...one, db: faulty(db, { at }) })
      runner.start()
      expect(await runner.waitFor(end, inTime / 2)).toBe(true)
      await runner.stop()
      expect(await statesOf(db, projections)).toEqual(await finalOf(one.ledger, projections))
    })

    it('a process that dies at a statement leaves to the next one what it had done', async () => {
      const { db } = database
      await forget(db)
      for (let n = 10; ; n += 10) {
        let count = 0
        let died: () => void = () => undefined
        const death = new Promise<'died'>((resolve) => (died = () => resolve('died')))
        const at = (): Fault | undefined => {
          count += 1
          if (count >= n) died()
          return count >= n ? 'lostBefore' : undefined
        }
        const runner = runnerOn({ db: faulty(db, { at }) })
        runner.start()
        const end = await Promise.race([death, runner.waitFor(head, inTime)])
        await runner.stop()
        const states = await statesOf(db, projections)
        oracle.expectWhole(states)
        if (end === 'died') continue
        expect(states).toEqual(oracle.final)
        return
      }
    })

    it('of two writers that stand at one place, one writes', async () => {
      const { db } = database
      for (const projection of projections) await resetProjection(db, projection)
      const entries = await entriesOf(told.ledger)
      const write = createApply(told.ledger, db)
      const writes = await Promise.allSettled([
        write(projections, beginning, entries.slice(0, 30)),
        write(projections, beginning, entries.slice(0, 40)),
      ])
      expect(writes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const lost = writes.find((one) => one.status === 'rejected')
      expect(lost?.reason).toBeInstanceOf(CheckpointMoved)
      const states = await statesOf(db, projections)
      oracle.expectWhole(states)
      const won = writes.find((one) => one.status === 'fulfilled')
      expect(states.map(({ size }) => size)).toEqual(projections.map(() => won?.value.size))
    })

    it('two runners on one database count no event twice', async () => {
      const { db } = database
      await forget(db)
      const growing = await tell([])
      const runners = [3, 7].map((size) => runnerOn({ ...growing, batch: size, bulk: size, db }))
      for (const runner of runners) runner.start()
      await growing.tell(...facts)
      const end = (await growing.ledger.head())!
      for (const runner of runners) expect(await runner.waitFor(end, inTime)).toBe(true)
      await Promise.all(runners.map((runner) => runner.stop()))
      expect(await statesOf(db, projections)).toEqual(await finalOf(growing.ledger, projections))
    })
  },
)
