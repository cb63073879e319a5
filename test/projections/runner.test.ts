// The runner, as those who start it, ask it and stop it see it.
import fc from 'fast-check'
import { sql, type Kysely } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Ledger } from '../../ledger/ledger.ts'
import { history } from '../../projections/history.ts'
import type { Projection } from '../../projections/projection.ts'
import { createRunner, type Runner, type RunnerOptions } from '../../projections/runner.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'
import type { Database } from '../../readmodels/schema.ts'
import { memoryKeys, serialOf, uuid } from '../ledger/filled.ts'
import { databases } from './databases.ts'
import { faulty } from './faultyDatabase.ts'
import { crlSeries, endings, everyLife, interleaved, life, projections, tell, type Told } from './lives.ts'
import { entriesOf, finalOf, forget, openOracle, statesOf, type State } from './oracle.ts'

const inTime = 60_000
const names = projections.map(({ name }) => name)

/** Holds the first statement that matches until it is opened. */
const openGate = (matches: (statement: string) => boolean) => {
  let isUsed = false
  let [arrive, open] = [(): void => undefined, (): void => undefined]
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  return {
    arrived,
    open: () => open(),
    at: async (statement: string): Promise<undefined> => {
      if (isUsed || !matches(statement)) return
      isUsed = true
      arrive()
      await opened
    },
  }
}

/** Matches the commit of the first batch, not those that empty the tables. */
const firstBatchCommit = () => {
  let isBatch = false
  return (statement: string): boolean => {
    isBatch ||= statement.startsWith('insert into "history"')
    return isBatch && statement === 'commit'
  }
}

/** A ledger whose head somebody watches: two looks after now, the first has been taken in. */
const watched = (ledger: Ledger): Readonly<{ ledger: Ledger; looked: () => Promise<void> }> => {
  let onLook = (): void => undefined
  const next = (): Promise<void> => new Promise((resolve) => (onLook = resolve))
  return {
    ledger: {
      ...ledger,
      head: () => {
        onLook()
        return ledger.head()
      },
    },
    looked: async () => {
      await next()
      await next()
    },
  }
}

/** A ledger whose subscriptions die without a word when they are told to. */
const mortal = (ledger: Ledger): Readonly<{ ledger: Ledger; die: () => void }> => {
  let isDead = false
  const follow: Ledger['follow'] = (after) => {
    const follower = ledger.follow(after)
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    const entries = async function* () {
      for await (const entry of follower) {
        if (isDead) {
          await ended
          return
        }
        yield entry
      }
    }
    const stop = async (): Promise<void> => {
      end()
      await follower.stop()
    }
    return { [Symbol.asyncIterator]: entries, stop }
  }
  return { ledger: { ...ledger, follow }, die: () => (isDead = true) }
}

const runners: Runner[] = []
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.stop()
})

/** A runner that ends with its test. */
const run = (
  told: Pick<Told, 'ledger' | 'now'>,
  db: Kysely<Database>,
  more: Partial<RunnerOptions> = {},
): Runner => {
  const { ledger, now } = told
  const retry = { firstMs: 1, maxMs: 2 }
  const runner = createRunner({ ledger, now, db, projections, retry, watchMs: 1, ...more })
  runners.push(runner)
  return runner
}

const reachHead = async (runner: Runner, ledger: Ledger, of: readonly string[] = names): Promise<void> => {
  expect(await runner.waitFor((await ledger.head())!, inTime, of)).toBe(true)
}

describe('the runner', () => {
  let database: OpenDatabase
  let db: Kysely<Database>
  beforeAll(async () => {
    database = await openSomeDatabase()
    ;({ db } = database)
  })
  afterEach(() => forget(db))
  afterAll(() => database.close())

  it('what each life leaves behind: its status, what is published of it, and the intents it waits for', async () => {
    const { ledger, now } = await tell(everyLife())
    await run({ ledger, now }, db).rebuild('all')
    const found: Record<string, readonly unknown[]> = {}
    for (const [n, ending] of endings.entries()) {
      const [serial, own] = [serialOf(n), [n + 10_000, n + 20_000].map(uuid)]
      const row = await db.selectFrom('certificate_status').selectAll().where('serial', '=', serial).execute()
      const said = await db.selectFrom('ocsp_answer').selectAll().where('serial', '=', serial).execute()
      const listed = await db.selectFrom('crl_entry').selectAll().where('serial', '=', serial).execute()
      const intents = await db.selectFrom('intent').selectAll().orderBy('rank').execute()
      found[ending] = [
        row.map(({ status }) => status).join(),
        said.map(({ status }) => status).join(),
        listed.length,
        intents
          .filter(({ stream }) => own.some((id) => stream.endsWith(id)))
          .map(({ type }) => type)
          .join(),
      ]
    }
    expect(found).toEqual({
      open: ['issued', 'good', 0, 'SessionOpened'],
      cardFailed: ['revoked', 'revoked', 1, ''],
      neverPlanned: ['', '', 0, 'CardAllotted'],
      lint: ['abandoned', '', 0, 'CardAllotted'],
      maybeSigned: ['abandoned', 'revoked', 1, 'CardAllotted,SessionOpened'],
      refused: ['revoked', 'revoked', 1, ''],
      inUse: ['accepted', 'good', 0, ''],
      revoked: ['revoked', 'revoked', 1, ''],
      recovered: ['accepted', 'good', 0, ''],
      notRecovered: ['accepted', 'good', 0, ''],
    })
  })

  it('batches of any size, while following or catching up, give the same rows', async () => {
    const size = fc.oneof(fc.constantFrom(1, 5000), fc.integer({ min: 1, max: 60 }))
    const picks = fc.array(fc.nat(50), { minLength: 1, maxLength: 12 })
    const lives = [life(1, 'maybeSigned'), life(2, 'recovered'), life(3, 'refused'), crlSeries(1)]
    await fc.assert(
      fc.asyncProperty(size, size, picks, fc.nat(50), async (...[batch, bulk, order, before]) => {
        await forget(db)
        const facts = interleaved(lives, order)
        const told = await tell(facts.slice(0, before))
        const runner = run(told, db, { batch, bulk })
        runner.start()
        await told.tell(...facts.slice(before))
        await reachHead(runner, told.ledger)
        await runner.stop()
        const followed = await statesOf(db, projections)
        for (const other of [1, bulk, 5000]) {
          await run(told, db, { bulk: other }).rebuild('all')
          expect(await statesOf(db, projections)).toEqual(followed)
        }
      }),
      { seed: 20_260_302, numRuns: 4 },
    )
  })

  it('waitFor is true once the rows are there, and false as long as they are not', async () => {
    const told = await tell(everyLife())
    const head = (await told.ledger.head())!
    const gate = openGate(firstBatchCommit())
    const runner = run(told, faulty(db, gate))
    expect(() => runner.waitFor(head, 0, ['other'])).toThrow('no projection is named other')
    expect(await runner.waitFor(head, 1)).toBe(false)
    runner.start()
    await gate.arrived
    expect(await runner.waitFor(head, 1, ['history'])).toBe(false)
    const waiting = runner.waitFor(head, inTime)
    gate.open()
    expect(await waiting).toBe(true)
    const { count } = await db
      .selectFrom('history')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    expect(count).toBe((await entriesOf(told.ledger)).length)
    expect(await runner.waitFor(head, 0)).toBe(true)
  })

  it('a stop ends after the batch under way, and the next start goes on behind it', async () => {
    const told = await tell(everyLife())
    const oracle = await openOracle(told.ledger, projections)
    const gate = openGate((statement) => statement.startsWith('insert into "history"'))
    const runner = run(told, faulty(db, gate), { batch: 20 })
    runner.start()
    expect(() => runner.start()).toThrow('already running')
    await gate.arrived
    const stopped = runner.stop()
    gate.open()
    await stopped
    const states = await statesOf(db, projections)
    oracle.expectWhole(states)
    expect(new Set(states.map(({ size }) => size)).size).toBe(1)
    expect(states[0]!.size).toBeGreaterThan(0)
    expect(states[0]!.size).toBeLessThanOrEqual(20)
    expect(new Set(runner.status().map(({ state }) => state))).toEqual(new Set(['stopped']))
    runner.start()
    await reachHead(runner, told.ledger)
    await runner.stop()
    expect(await statesOf(db, projections)).toEqual(oracle.final)
  })

  it('a projection whose version has changed is rebuilt, and no other', async () => {
    const told = await tell(everyLife())
    await run(told, db).rebuild('all')
    const before = await statesOf(db, projections)
    const loud: Projection = {
      ...history,
      version: 2,
      apply: (tx, batch) =>
        history.apply(
          tx,
          batch.map((applied) => ({
            ...applied,
            at: { ...applied.at, stream: applied.at.stream.toUpperCase() },
          })),
        ),
    }
    const changed = projections.map((projection) => (projection === history ? loud : projection))
    const statements: string[] = []
    const spied = faulty(db, { at: (statement) => void statements.push(statement) })
    const runner = run(told, spied, { projections: changed })
    runner.start()
    await reachHead(runner, told.ledger)
    await runner.stop()
    expect(statements.filter((one) => one.startsWith('truncate'))).toEqual(['truncate table "history"'])
    const after = await statesOf(db, changed)
    const others = ({ name }: { name: string }): boolean => name !== 'history'
    expect(after.filter(others)).toEqual(before.filter(others))
    const rows = await db.selectFrom('history').select('stream').execute()
    expect(rows.length).toBe((await entriesOf(told.ledger)).length)
    expect(rows.every(({ stream }) => stream === stream.toUpperCase())).toBe(true)
  })

  it('a projection that cannot take an event says so, passes nothing over, and holds up nobody', async () => {
    const told = await tell(everyLife())
    let isBroken = true
    const fragile: Projection = {
      ...history,
      apply: async (tx, batch) => {
        await history.apply(tx, batch)
        if (isBroken && batch.some(({ at }) => at.rank === 50)) throw new Error('not this one')
      },
    }
    const mended = projections.map((projection) => (projection === history ? fragile : projection))
    const others = names.filter((name) => name !== 'history')
    const runner = run(told, db, { projections: mended, batch: 20, bulk: 20 })
    runner.start()
    await reachHead(runner, told.ledger, others)
    await vi.waitFor(() => {
      const status = runner.status().find(({ name }) => name === 'history')
      expect(status).toMatchObject({ state: 'failed', error: 'projection history: not this one' })
    })
    const { rows } = await sql<{ most: number }>`select max(rank) as most from history`.execute(db)
    expect(rows[0]!.most).toBeLessThan(50)
    isBroken = false
    await reachHead(runner, told.ledger)
    await runner.stop()
    expect(await statesOf(db, projections)).toEqual(await finalOf(told.ledger, projections))
  })

  it('CGU-116: what was destroyed is no longer found once the index has been rebuilt', async () => {
    const destroyed = new Set<string>()
    const told = await tell(everyLife(), memoryKeys(destroyed))
    const runner = run(told, db)
    await runner.rebuild('all')
    const terms = async (): Promise<ReadonlyMap<string, number>> => {
      const { rows } = await sql<{ request: string; count: number }>`
        select r.request, count(t.term) from search_request r left join search_term t on t.rank = r.rank
        group by r.request`.execute(db)
      return new Map(rows.map(({ request, count }) => [request, count]))
    }
    const before = await terms()
    const gone = uuid(10_003)
    expect(before.get(gone)).toBeGreaterThan(3)
    destroyed.add(`reg_${gone}`)
    await runner.rebuild(['search'])
    expect(await terms()).toEqual(new Map([...before, [gone, 0]]))
  })

  it('CGU-76: how far the rows are behind: the age of what waits, and forever where nothing follows', async () => {
    const told = await tell(everyLife())
    const { ledger, looked } = watched(told.ledger)
    const gate = openGate(firstBatchCommit())
    const runner = run({ ...told, ledger }, faulty(db, gate))
    expect(runner.lagSeconds('2026-03-02T09:00:00Z')).toBe(Infinity)
    runner.start()
    await gate.arrived
    const [first] = await entriesOf(told.ledger)
    const age = (Date.parse('2026-03-02T09:05:00Z') - Date.parse(first!.body.at)) / 1000
    expect(Math.abs(runner.lagSeconds('2026-03-02T09:05:00Z') - age)).toBeLessThan(1)
    gate.open()
    await reachHead(runner, ledger)
    await looked()
    expect(names.map((name) => runner.lagSeconds(told.now(), name))).toEqual(names.map(() => 0))
    await runner.stop()
    expect(runner.lagSeconds(told.now())).toBe(Infinity)
  })

  it('CGU-76: a subscription that has died in silence is told from a quiet ledger', async () => {
    const told = await tell(everyLife())
    let now = '2026-03-02T09:01:00Z'
    const fragile = mortal(told.ledger)
    const { ledger, looked } = watched(fragile.ledger)
    const runner = run({ ledger, now: () => now }, db)
    runner.start()
    await reachHead(runner, ledger)
    await looked()
    now = '2026-03-02T10:00:00Z'
    await looked()
    expect(runner.lagSeconds(now), 'a quiet ledger').toBe(0)
    fragile.die()
    await told.tell(...life(77, 'inUse'))
    await looked()
    now = '2026-03-02T10:00:10Z'
    await looked()
    expect(runner.lagSeconds(now), 'a dead subscription').toBe(10)
  })

  it('a ledger that is shorter than what the rows have taken in stops the runner, and nothing is up to date', async () => {
    const whole = await tell(everyLife())
    await run(whole, db).rebuild('all')
    const before = await statesOf(db, projections)
    const short = await tell(everyLife().slice(0, 20))
    const runner = run(short, db)
    runner.start()
    await vi.waitFor(() => {
      for (const { state, error } of runner.status())
        expect([state, error]).toEqual(['failed', expect.stringMatching(/^the log no longer holds/)])
    })
    expect(runner.lagSeconds(short.now())).toBe(Infinity)
    await runner.stop()
    expect(await statesOf(db, projections)).toEqual(before)
  })
})

let known: Promise<readonly State[]> | undefined
/** What every life leaves behind, however it was taken in. */
const everyFinal = (): Promise<readonly State[]> =>
  (known ??= tell(everyLife()).then(({ ledger }) => finalOf(ledger, projections)))

// Each of them on one database, and some on both.
const rebuilt = { PGlite: names.filter((_, n) => n % 3 === 0), PostgreSQL: names }

describe.each(databases)('a rebuild on %s while the runner follows', (where, open) => {
  let database: OpenDatabase
  beforeAll(async () => {
    database = await open()
  })
  afterEach(() => forget(database.db))
  afterAll(() => database.close())

  it.each(rebuilt[where as keyof typeof rebuilt])(
    'of %s leaves the others alone, and ends with the rows it should have',
    async (chosen) => {
      const { db } = database
      const facts = everyLife()
      const told = await tell(facts.slice(0, 70))
      const statements: string[] = []
      const spied = faulty(db, { at: (statement) => void statements.push(statement) })
      const runner = run(told, spied, { batch: 10, bulk: 10 })
      runner.start()
      await reachHead(runner, told.ledger)
      statements.length = 0
      const others = () => runner.status().filter(({ name }) => name !== chosen)
      let sizes = others().map(({ size }) => size)
      const progress: number[] = []
      const rebuilt = runner.rebuild([chosen], (size) => {
        progress.push(size)
        const present = others().map((one) => one.size)
        expect(present.every((one, i) => one >= sizes[i]!)).toBe(true)
        expect(others().map(({ state }) => state)).not.toContain('rebuilding')
        sizes = present
      })
      await Promise.all([rebuilt, told.tell(...facts.slice(70))])
      await reachHead(runner, told.ledger)
      await runner.stop()
      expect(progress[0]).toBeLessThan(70)
      const { tables } = projections.find(({ name }) => name === chosen)!
      expect(statements.filter((one) => one.startsWith('truncate'))).toEqual(
        tables.map((table) => `truncate table "${table}"`),
      )
      expect(await statesOf(db, projections)).toEqual(await everyFinal())
    },
  )

  it('that fails says why, and is brought to its end all the same', async () => {
    const { db } = database
    const told = await tell(everyLife())
    let isDue = false
    const broken = faulty(db, {
      at: (statement) => {
        if (!isDue || !statement.startsWith('insert into "history"')) return undefined
        isDue = false
        return 'lostBefore'
      },
    })
    const runner = run(told, broken, { batch: 10, bulk: 10 })
    runner.start()
    await reachHead(runner, told.ledger)
    isDue = true
    await expect(runner.rebuild('all')).rejects.toThrow()
    await told.tell(...life(77, 'revoked'))
    await reachHead(runner, told.ledger)
    await runner.stop()
    expect(await statesOf(db, projections)).toEqual(await finalOf(told.ledger, projections))
  })
})
