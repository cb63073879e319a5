import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env } from '../../domain/event.ts'
import type { Event } from '../../domain/kernel.ts'
import { addYears } from '../../domain/policy/dates.ts'
import { dueAt, startedBy } from '../../domain/policy/retention.ts'
import type { Applied } from '../../projections/projection.ts'
import { retention } from '../../projections/retention.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'
import { countUnits, dueUnits, heldAmong } from '../../readmodels/retention.ts'
import { policy } from '../commands/facts.ts'
import { uuid } from '../ledger/filled.ts'

let database: OpenDatabase
beforeAll(async () => {
  database = await openSomeDatabase()
})
afterAll(() => database.close())

const applied = (rank: number, stream: string, event: Event, occurredAt: string): Applied => {
  const env = { occurredAt } as Env
  const position = { commit: BigInt(rank), prepare: BigInt(rank) }
  const at = { position, rank, stream, revision: 0, id: uuid(rank), at: occurredAt, env }
  return { event, at, open: async () => event }
}

/** Projects events into tables that hold nothing yet, in two batches wherever the cut is. */
const project = async (batch: readonly Applied[], cut: number): Promise<void> => {
  for (const table of retention.tables) await database.db.deleteFrom(table).execute()
  for (const part of [batch.slice(0, cut), batch.slice(cut)])
    if (part.length > 0) await database.db.transaction().execute((tx) => retention.apply(tx, part))
}

type File = Readonly<{
  year: number
  /** Index of an earlier file that it relies on. */
  relies: number | undefined
  end: 'issued' | 'closed' | 'open'
  held: boolean
}>

const beganAt = ({ year }: File): string => `${2020 + year}-03-02T09:00:00Z`
const notAfter = (file: File): string => addYears(beganAt(file), 3)
const escrowUntil = (file: File): string => addYears(beganAt(file), 10)
const serial = (n: number): string => `4${String(n).padStart(31, '0')}`

const eventsOf = (files: readonly File[]): readonly Applied[] => {
  const events: Applied[] = []
  const add = (stream: string, type: string, data: object, at: string): void => {
    events.push(applied(events.length, stream, { type, data }, at))
  }
  for (const [n, file] of files.entries()) {
    const [at, request] = [beganAt(file), uuid(100 + n)]
    const reliesOn = file.relies === undefined ? {} : { reliesOn: uuid(100 + file.relies) }
    add(`request-${request}`, 'CertificateRequested', { person: uuid(1), ...reliesOn }, at)
    if (file.end === 'closed') add(`request-${request}`, 'RequestClosed', { cause: 'withdrawn' }, at)
    if (file.end !== 'issued') continue
    const escrow = { serial: serial(n), request, until: escrowUntil(file) }
    add(`key-${String(n).padStart(64, 'a')}`, 'KeyEscrowed', escrow, at)
    const plan = { request, notAfter: notAfter(file) }
    add(`certificate-${serial(n)}`, 'CertificatePlanned', plan, at)
    add(`certificate-${serial(n)}`, 'CertificateIssued', {}, at)
  }
  for (const [n, { held }] of files.entries())
    if (held)
      add(`hold-${uuid(500 + n)}`, 'HoldPlaced', { units: [`reg/${uuid(100 + n)}`] }, '2030-01-01T00:00:00Z')
  return events
}

/** The rule again, without a database: the term of a file, and of all that rely on it. */
const expectedDue = (files: readonly File[], at: string): readonly string[] => {
  const own = files.map((file) => {
    if (file.end === 'open') return false
    const term =
      file.end === 'closed' ? { starts: beganAt(file) } : { starts: notAfter(file), floor: escrowUntil(file) }
    return dueAt({ class: 'reg', ...term }, policy)! <= at
  })
  const due = (n: number): boolean => own[n]! && files.every((file, other) => file.relies !== n || due(other))
  return files.flatMap((_, n) => (due(n) ? [`reg/${uuid(100 + n)}`] : [])).sort()
}

const file = fc.record({
  year: fc.integer({ min: 0, max: 12 }),
  relies: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
  end: fc.constantFrom('issued' as const, 'closed' as const, 'open' as const),
  held: fc.boolean(),
})
const history = fc.array(file, { minLength: 1, maxLength: 7 }).map((files) =>
  files.map((one, n) => ({
    ...one,
    relies: one.relies !== undefined && one.relies < n ? one.relies : undefined,
  })),
)

describe('the due list', () => {
  it('CGU-113, CGU-116: a file is due when its term and the term of all that rely on it have ended; a hold shows', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat({ max: 30 }), fc.nat({ max: 20 }), async (files, cut, years) => {
        await project(eventsOf(files), cut)
        const at = `${2027 + years}-06-01T00:00:00Z`
        const asked = { class: 'reg' as const, at, startedBy: startedBy('reg', at, policy), limit: 100 }
        const found = (await dueUnits(database.db, asked)).filter(({ unit }) => unit < `reg/${uuid(500)}`)
        expect(found.map(({ unit }) => unit).sort()).toEqual(expectedDue(files, at))
        for (const { unit, held } of found) {
          const n = Number(unit.slice(-12)) - 100
          expect(held).toBe(files[n]!.held)
        }
      }),
      { seed: 20_260_302, numRuns: 60 },
    )
  })

  it('CGU-41, CGU-114, CGU-115, CGU-116: keys, journals and recoveries; what is proposed, given up, destroyed, held, released', async () => {
    const one: File = { year: 0, relies: undefined, end: 'issued', held: false }
    const stream = `destruction-${uuid(900)}`
    const escrowUnit = `escrow/${serial(0)}`
    const rest = (from: number): readonly Applied[] =>
      [
        [`journal-${uuid(300)}`, 'JournalOpened', { quarter: '2020-Q1' }, '2020-02-01T09:00:00Z'] as const,
        [
          `recovery-${uuid(301)}`,
          'RecoveryRequested',
          { serial: serial(0) },
          '2021-01-01T09:00:00Z',
        ] as const,
      ].map(([name, type, data, at], n) => applied(from + n, name, { type, data }, at))
    const base = [...eventsOf([one]), ...rest(10)]
    const dueOf = async (kept: 'escrow' | 'journal' | 'recovery', at: string) => {
      const asked = { class: kept, at, startedBy: startedBy(kept, at, policy), limit: 100 }
      return (await dueUnits(database.db, asked)).map(({ unit }) => unit)
    }
    await project(base, 3)
    expect(await dueOf('escrow', '2030-03-02T09:00:00Z')).toEqual([])
    expect(await dueOf('escrow', '2030-03-03T09:00:00Z')).toEqual([escrowUnit])
    expect(await dueOf('journal', '2027-03-31T23:59:59Z')).toEqual([])
    expect(await dueOf('journal', '2027-04-01T00:00:00Z')).toEqual([`journal/${uuid(300)}`])
    expect(await dueOf('recovery', '2037-03-02T08:59:59Z')).toEqual([])
    expect(await dueOf('recovery', '2037-03-02T09:00:00Z')).toEqual([`recovery/${uuid(301)}`])

    const units = [escrowUnit]
    const proposed = applied(
      20,
      stream,
      { type: 'DestructionProposed', data: { units } },
      '2031-01-01T00:00:00Z',
    )
    await project([...base, proposed], 4)
    expect(await dueOf('escrow', '2031-01-01T00:00:00Z')).toEqual([])
    const givenUp = applied(21, stream, { type: 'DestructionCancelled', data: {} }, '2031-01-02T00:00:00Z')
    await project([...base, proposed, givenUp], 9)
    expect(await dueOf('escrow', '2031-01-03T00:00:00Z')).toEqual(units)
    const gone = applied(21, stream, { type: 'DataDestroyed', data: { units } }, '2031-01-02T00:00:00Z')
    await project([...base, proposed, gone], 2)
    expect(await dueOf('escrow', '2031-01-03T00:00:00Z')).toEqual([])
    expect(await countUnits(database.db)).toContainEqual({ class: 'escrow', kept: 0, held: 0, destroyed: 1 })
    // What was on hold at the act, and spared, is due again once nothing holds it.
    const spared = applied(
      21,
      stream,
      { type: 'DataDestroyed', data: { units: [], spared: units } },
      '2031-01-02T00:00:00Z',
    )
    await project([...base, proposed, spared], 2)
    expect(await dueOf('escrow', '2031-01-03T00:00:00Z')).toEqual(units)

    const journal = [`journal/${uuid(300)}`]
    const placed = applied(
      22,
      `hold-${uuid(901)}`,
      { type: 'HoldPlaced', data: { units: journal } },
      '2026-01-01T00:00:00Z',
    )
    const lifted = applied(
      23,
      `hold-${uuid(901)}`,
      { type: 'HoldLifted', data: { units: journal } },
      '2028-01-01T00:00:00Z',
    )
    await project([...base, placed], 8)
    expect(await heldAmong(database.db, journal)).toEqual(journal)
    await project([...base, placed, lifted], 8)
    expect(await heldAmong(database.db, journal)).toEqual([])
  })

  it('CGU-113: a card of the stock, from its scrap on; one that never was in it has no file of its own', async () => {
    const scrap = { type: 'CardScrapped', data: { cause: 'returned', method: 'shredded' } }
    const stock = applied(1, `card-${uuid(710)}`, { type: 'CardStocked', data: {} }, '2020-01-01T00:00:00Z')
    const scrapped = [710, 711].map((n, rank) =>
      applied(2 + rank, `card-${uuid(n)}`, scrap, '2021-01-01T00:00:00Z'),
    )
    const due = async (at: string) => {
      const asked = { class: 'reg' as const, at, startedBy: startedBy('reg', at, policy), limit: 10 }
      return (await dueUnits(database.db, asked)).map(({ unit }) => unit)
    }
    await project([stock], 0)
    expect(await due('2060-01-01T00:00:00Z')).toEqual([])
    expect(await countUnits(database.db)).toEqual([{ class: 'reg', kept: 1, held: 0, destroyed: 0 }])
    await project([stock, ...scrapped], 1)
    expect(await due('2027-12-31T23:59:59Z')).toEqual([])
    expect(await due('2028-01-01T00:00:00Z')).toEqual([`reg/${uuid(710)}`])
    const { kind } = await database.db.selectFrom('retention_unit').select('kind').executeTakeFirstOrThrow()
    expect(kind).toBe('card')
  })

  it('CGU-113: the file of an entity outlives the requests that were begun before its close', async () => {
    const entity = `entity-${uuid(700)}`
    const events = (more: readonly Applied[]): readonly Applied[] => [
      applied(1, entity, { type: 'EntityVerified', data: {} }, '2020-01-01T00:00:00Z'),
      applied(
        2,
        entity,
        { type: 'EntityClosed', data: { effectiveOn: '2020-06-01' } },
        '2020-06-01T09:00:00Z',
      ),
      ...more,
    ]
    const asked = {
      class: 'reg' as const,
      at: '2028-01-01T00:00:00Z',
      startedBy: '2021-01-01T00:00:00Z',
      limit: 10,
    }
    await project(events([]), 1)
    expect((await dueUnits(database.db, asked)).map(({ unit }) => unit)).toEqual([`reg/${uuid(700)}`])
    const open = applied(
      3,
      `request-${uuid(701)}`,
      { type: 'CertificateRequested', data: {} },
      '2020-05-01T09:00:00Z',
    )
    await project(events([open]), 1)
    expect(await dueUnits(database.db, asked)).toEqual([])
  })
})
