// What holds between processes that share PostgreSQL: who projects, how far the rows are, whose turn it is.
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInstallationTurns } from '../../cli/compose/turns.ts'
import { Contended } from '../../commands/handle.ts'
import { ProcessRefused } from '../../commands/program.ts'
import { openLockSession } from '../../host/postgresLocks.ts'
import { readModels } from '../../projections/readModels.ts'
import { appointmentsOf } from '../../readmodels/appointments.ts'
import { advance, beginning, resetProjection, type Checkpoint } from '../../projections/checkpoint.ts'
import { Deposed, takeOver } from '../../projections/epoch.ts'
import { followCheckpoints } from '../../projections/followCheckpoints.ts'
import { steadily, upTo, upToNow } from '../../projections/steadily.ts'
import { RowsBehind } from '../../readmodels/wholeRows.ts'
import { openDatabase, isMigrated, type OpenDatabase } from '../../readmodels/database.ts'
import { createOnServer } from '../support/database.ts'

const url = process.env['TEST_POSTGRES_URL']
const projections = readModels(() => '')
const head = { commit: 700n, prepare: 700n }
const reached = { position: head, size: 7, lastAt: '2026-03-02T09:00:00.000Z', event: undefined }

describe.skipIf(url === undefined)('processes on one PostgreSQL (needs a server)', () => {
  let place: Awaited<ReturnType<typeof createOnServer>>
  let database: OpenDatabase
  beforeAll(async () => {
    place = await createOnServer()
    database = await openDatabase({ url: place.url })
  })
  afterAll(async () => {
    await database.close()
    await place.drop()
  })

  const locksAwaited = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`.execute(
      database.db,
    )
    return rows[0]?.n ?? 0
  }

  it('a database without the tables of this release is known, and nothing is made in it', async () => {
    const { db, close } = await openDatabase({ url: url ?? '', asItStands: true })
    expect([await isMigrated(db), await isMigrated(database.db)]).toEqual([false, true])
    await close()
  })

  it('of two that would project one has the lock, and the other as soon as that one’s session is lost', async () => {
    const [one, other] = [await openLockSession(place.url), await openLockSession(place.url)]
    expect([await one.tryTake('projector'), await other.tryTake('projector')]).toEqual([true, false])
    await one.close()
    await one.lost
    expect(await other.tryTake('projector')).toBe(true)
    await other.close()
  })

  it('a hundred names are asked for at once and each is somebody’s; what is free again is taken by who asks next', async () => {
    const [one, other] = [await openLockSession(place.url), await openLockSession(place.url)]
    const names = Array.from({ length: 100 }, (_, n) => `name ${n}`)
    const [mine, his] = await Promise.all(
      [one, other].map((session) => Promise.all(names.map((name) => session.tryTake(name)))),
    )
    expect(names.map((_, n) => [mine?.[n], his?.[n]].filter(Boolean).length)).toEqual(names.map(() => 1))
    await Promise.all(names.filter((_, n) => mine?.[n]).map((name) => one.release(name)))
    expect(await Promise.all(names.map((name) => other.tryTake(name)))).toEqual(names.map(() => true))
    await Promise.all([one.close(), other.close()])
  })

  it('a session that shows no sign of life for its time is ended by the server', async () => {
    const session = await openLockSession(place.url, { silentMs: 1 })
    await session.lost
    await expect(session.beat()).rejects.toThrow()
  })

  it('whoever took over last writes; who was paused meanwhile neither moves a checkpoint nor empties a table', async () => {
    const { db } = database
    const [first] = projections
    const former = await takeOver(db)
    await resetProjection(db, first!, former)
    const latter = await takeOver(db)
    await expect(
      db.transaction().execute(async (tx) => {
        await former(tx)
        await advance(tx, [first!], beginning, reached)
      }),
    ).rejects.toThrow(Deposed)
    await expect(resetProjection(db, first!, former)).rejects.toThrow(Deposed)
    await db.transaction().execute(async (tx) => {
      await latter(tx)
      await advance(tx, [first!], beginning, reached)
    })
  })

  it('CGU-76: rows are read whole or not at all: who empties them waits for who reads them, and who comes after is told', async () => {
    const { db } = database
    const status = projections.find(({ name }) => name === 'certificateStatus')!
    const fence = await takeOver(db)
    await resetProjection(db, status, fence)
    const wanted = { projections: [status], suffices: upTo(7) }
    await expect(steadily(db, wanted, async () => 'read')).rejects.toThrow(RowsBehind)
    await db.transaction().execute((tx) => advance(tx, [status], beginning, reached))
    let isEmptied = false
    const { whileRead, emptying } = await steadily(db, wanted, async () => {
      const under = resetProjection(db, status, fence).then(() => (isEmptied = true))
      await expect.poll(locksAwaited).toBe(1)
      return { whileRead: isEmptied, emptying: under }
    })
    await emptying
    expect([whileRead, isEmptied]).toEqual([false, true])
    await expect(steadily(db, wanted, async () => 'read')).rejects.toThrow(RowsBehind)
    const everything = { projections: [status], suffices: await upToNow({ head: async () => head }) }
    await expect(steadily(db, everything, async () => 'read')).rejects.toThrow(RowsBehind)
    await db.transaction().execute((tx) => advance(tx, [status], beginning, reached))
    expect(await steadily(db, everything, async () => 'read')).toBe('read')
  })

  it('CGU-06: nobody is told of whose appointments these are while they are built anew, and behind is not anew', async () => {
    const { db } = database
    const appointments = projections.find(({ name }) => name === 'appointments')!
    await db.deleteFrom('projection_checkpoint').execute()
    expect(await appointmentsOf(db, 'nobody')).toEqual([])
    const fence = await takeOver(db)
    await resetProjection(db, appointments, fence)
    expect(await appointmentsOf(db, 'nobody')).toEqual([])
    const moved = (from: Checkpoint, size: number) =>
      db.transaction().execute((tx) => advance(tx, [appointments], from, { ...reached, size }))
    await moved(beginning, 7)
    for (let n = 0; n < 2; n += 1) {
      await resetProjection(db, appointments, fence)
      await expect(appointmentsOf(db, 'nobody')).rejects.toThrow(RowsBehind)
    }
    await moved(beginning, 6)
    await expect(appointmentsOf(db, 'nobody')).rejects.toThrow(RowsBehind)
    await moved({ ...reached, size: 6 }, 7)
    expect(await appointmentsOf(db, 'nobody')).toEqual([])
  })

  it('read your writes: a projector that never ran is behind, and so is one whose rows are built anew', async () => {
    const { db } = database
    await db.deleteFrom('projection_checkpoint').execute()
    const ledger = { head: async () => head }
    const now = () => '2026-03-02T09:00:00Z'
    const followed = followCheckpoints({ ledger, db, projections, now })
    const [lag, waits] = [() => followed.lagSeconds(), (ms: number) => followed.waitFor(head, ms)]
    expect([await waits(1), lag(), await followed.size()]).toEqual([false, Infinity, 0])
    const fence = await takeOver(db)
    for (const one of projections) await resetProjection(db, one, fence)
    expect([await waits(1), await followed.size()]).toEqual([false, 0])
    const waiting = followed.waitFor(head, 60_000)
    await db.transaction().execute((tx) => advance(tx, projections, beginning, reached))
    expect([await waiting, await followed.caughtUp(1), await followed.size()]).toEqual([true, true, 7])
    expect(followed.position()).toEqual(head)
    while (lag() > 0) await followed.lookAgain()
    // The status table is thrown away: what was confirmed of the one before says nothing any more.
    const status = projections.find(({ name }) => name === 'certificateStatus')
    await resetProjection(db, status!, fence)
    await followed.lookAgain()
    expect(lag()).toBe(Infinity)
    await db
      .updateTable('projection_checkpoint')
      .set({ version: 999 })
      .where('name', '=', 'history')
      .execute()
    expect([await waits(1), await followed.size()]).toEqual([false, 0])
    await followed.stop()
    expect(lag()).toBe(Infinity)
  })

  it('acts of one name exclude each other, whichever process asks; a process that dies leaves its turn', async () => {
    const [one, other] = [openInstallationTurns(place.url), openInstallationTurns(place.url)]
    const log: string[] = []
    let go = (): void => undefined
    const held = new Promise<void>((resolve) => (go = resolve))
    let begun = (): void => undefined
    const under = new Promise<void>((resolve) => (begun = resolve))
    const first = one.inTurn('request', async () => {
      log.push('first begins')
      begun()
      await held
      log.push('first ends')
    })
    await under
    const second = other.inTurn('request', async () => void log.push('second'))
    await other.inTurn('another', async () => void log.push('another'))
    go()
    await Promise.all([first, second])
    expect(log).toEqual(['first begins', 'another', 'first ends', 'second'])

    const release = await one.alone(['key', 'card'])
    expect(release).toBeDefined()
    expect([await other.alone(['card', 'more']), await one.alone(['key'])]).toEqual([undefined, undefined])
    // What it took before it met the one that is taken it has given back.
    const more = await other.alone(['more'])
    expect(more).toBeDefined()
    await release?.()
    expect(await other.alone(['card', 'key'])).toBeDefined()
    await other.close()
    expect(await one.alone(['more', 'card', 'key'])).toBeDefined()
    await one.close()
  })

  it('CGU-46: whoever is refused after he has lost his turn is told to ask again: another has ended what he had begun', async () => {
    const [one, other] = [openInstallationTurns(place.url), openInstallationTurns(place.url)]
    /** In the middle of the act the server ends every session that holds a lock, as where it is started anew; another has the turn. */
    const struck = <T>(act: () => Promise<T>): Promise<T> =>
      one.inTurn('recovery', async () => {
        await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
          and database = (select oid from pg_database where datname = current_database())`.execute(
          database.db,
        )
        await other.inTurn('recovery', async () => undefined)
        return act()
      })
    const refuse = async () => {
      throw new ProcessRefused('RecordKeyRecovery', 'OUT_OF_ORDER', 'CGU-46', 'kept')
    }
    const fail = async () => {
      throw new Error('of another kind')
    }
    await expect(struck(refuse)).rejects.toThrow(Contended)
    await expect(struck(fail)).rejects.toThrow('of another kind')
    expect(await struck(async () => 'done')).toBe('done')
    await expect(one.inTurn('recovery', refuse)).rejects.toThrow(ProcessRefused)
    await one.close()
    await other.close()
  })
})
