// The status table told twice: from the ledger alone, and from the rows. And once more, by the domain's own fold.
import { createHash } from 'node:crypto'
import { sql, type RawBuilder } from 'kysely'
import { describe, expect, it } from 'vitest'
import { certificate, type Certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { digestOfLines } from '../../host/postgresDigest.ts'
import { statusDigest } from '../../jobs/statusDigest.ts'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { replayStatus } from '../../projections/replay.ts'
import { createRunner } from '../../projections/runner.ts'
import { openSomeDatabase } from '../support/database.ts'
import { statusDigestAt, statusLinesAt, type StatusEntry } from '../../readmodels/statusTable.ts'
import { everyLife, projections, tell } from './lives.ts'

const whole = async (ledger: Ledger): Promise<readonly Entry[]> => {
  const entries: Entry[] = []
  for await (const entry of ledger.entries()) entries.push(entry)
  return entries
}

/** What the aggregate says of each certificate that was ever planned, as `serial status`. */
const folded = (ledger: Ledger, entries: readonly Entry[]): readonly string[] => {
  const states = new Map<string, Certificate>()
  const planned = new Set<string>()
  for (const entry of entries.filter(({ stream }) => stream.startsWith('certificate-'))) {
    const serial = entry.stream.slice('certificate-'.length)
    const event: CertificateEvent = certificate.decode(ledger.publicPart(entry))
    if (event.type === 'CertificatePlanned') planned.add(serial)
    states.set(serial, certificate.evolve(states.get(serial) ?? certificate.initial, event))
  }
  return [...planned].map((serial) => `${serial} ${states.get(serial)?.status ?? ''}`).sort()
}

describe('the status table as it stood', () => {
  it('CGU-76: after every event, replayed, read from the rows and folded, it is the same, to the digest', async () => {
    const { ledger, now } = await tell(everyLife())
    const entries = await whole(ledger)
    const { db, close } = await openSomeDatabase()
    try {
      await createRunner({ ledger, db, projections, now }).rebuild('all')
      const digests = new Set<string>()
      for (let size = 0; size <= entries.length; size += 1) {
        const cut: Ledger = {
          ...ledger,
          entries: async function* () {
            yield* entries.slice(0, size)
          },
        }
        const replayed = await replayStatus(cut, '9999-12-31T23:59:59Z')
        const { rows } = await statusLinesAt(size).execute(db)
        const table = rows.map(({ line }) => JSON.parse(line) as StatusEntry)
        expect(replayed).toEqual({ size, entries: table })
        expect(table.map(({ serial, status }) => `${serial} ${status}`).sort()).toEqual(
          folded(ledger, entries.slice(0, size)),
        )
        const digest = statusDigest(replayed.entries)
        expect(await statusDigestAt(db, size)).toBe(digest)
        digests.add(digest)
      }
      expect(digests.size).toBeGreaterThan(20)
    } finally {
      await close()
    }
  })

  it('CGU-76: a digest that the database breaks off is no digest: a fault, and the next one is made', async () => {
    const { db, close } = await openSomeDatabase()
    const digest = (lines: RawBuilder<unknown>): Promise<string> =>
      db.transaction().execute((tx) => digestOfLines(tx, lines))
    try {
      const lines = sql`select repeat('a', 200) from generate_series(1, 3)`
      const expected = createHash('sha256')
        .update(`${'a'.repeat(200)}\n`.repeat(3))
        .digest('hex')
      for (let time = 0; time < 2; time += 1) {
        const broken = sql`select 1 / (1000 - n) from generate_series(1, 1000) as n`
        await expect(digest(broken)).rejects.toMatchObject({ code: '22012' })
        await expect(digest(sql`select ${1}::int`)).rejects.toThrow('COPY takes no parameters')
        expect(await digest(lines)).toBe(expected)
      }
    } finally {
      await close()
    }
  })

  it('CGU-76: an instant takes in what was recorded in it, and nothing later', async () => {
    const { ledger } = await tell(everyLife())
    const entries = await whole(ledger)
    const sizeAt = (until: string): number => entries.filter(({ body }) => body.at <= until).length
    for (const { body } of entries) expect((await replayStatus(ledger, body.at)).size).toBe(sizeAt(body.at))
    expect((await replayStatus(ledger, '2026-03-02T08:59:59Z')).size).toBe(0)
    expect((await replayStatus(ledger, '2026-03-02T09:00:00Z')).size).toBe(entries.length)
    const before = '2026-03-02T09:00:00.009Z'
    expect((await replayStatus(ledger, before)).size).toBe(sizeAt(before))
  })
})
