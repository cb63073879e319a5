// The notices job over a ledger of many lives, cut off before any of its acts and run again.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHandle } from '../../commands/handle.ts'
import type { Service } from '../../commands/program.ts'
import { document } from '../../domain/document.ts'
import { appointment } from '../../domain/appointment.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { composeMessage, messageIdOf } from '../../jobs/outbox.ts'
import type { SendTools } from '../../jobs/handOver.ts'
import { runNotices } from '../../jobs/sendNotices.ts'
import { createApply } from '../../projections/apply.ts'
import { beginning, resetProjection } from '../../projections/checkpoint.ts'
import { notices } from '../../projections/notices.ts'
import { certificateStatus } from '../../projections/certificateStatus.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { openSomeDatabase } from '../support/database.ts'
import { findNotices } from '../../readmodels/notices.ts'
import * as f from '../commands/facts.ts'
import * as n from '../commands/noticesFacts.ts'
import * as r from '../commands/renewalFacts.ts'
import { serialOf, spkiOf, uuid } from '../ledger/filled.ts'
import { life, tell } from '../projections/lives.ts'
import { on } from '../support/given.ts'
import { partsOf } from '../support/mail.ts'

class CutOff extends Error {}

const projections = [certificateStatus, notices]
let database: OpenDatabase
beforeAll(async () => {
  database = await openSomeDatabase()
})
afterAll(() => database.close())

/** Lives of which some were revoked, a job over them, and a fuse: before which of its acts it is cut off. */
const openJob = async (
  more: readonly ReturnType<typeof on>[] = [],
  revocation: Partial<Policy['revocation']> = {},
) => {
  const endings = ['revoked', 'cardFailed', 'refused', 'inUse', 'recovered', 'inUse', 'inUse'] as const
  const told = await tell([f.cguInForce, ...endings.flatMap((ending, i) => life(i, ending)), ...more])
  for (const projection of projections) await resetProjection(database.db, projection)
  const apply = createApply(told.ledger, database.db)
  let at = beginning
  const settled = async (): Promise<void> => {
    const entries = []
    for await (const entry of told.ledger.entries(at.position)) entries.push(entry)
    at = await apply(projections, at, entries)
  }
  let left = Infinity
  const fuse = (): void => {
    left -= 1
    if (left < 0) throw new CutOff()
  }
  const handle = createHandle({ ledger: told.ledger, policy: 1, release: 'test' })
  const messages = new Map<string, Uint8Array>()
  const puts: string[] = []
  let now = '2026-03-02T10:00:00Z'
  const policy = {
    ...f.policy,
    notice: { ...f.policy.notice, recipientsAtMost: 2 },
    revocation: { ...f.policy.revocation, ...revocation },
  }
  const service: Service = {
    ...{ ledger: told.ledger, policy, now: () => now, randomBytes: () => Buffer.alloc(16) },
    handle: (...asked) => {
      fuse()
      return handle(...asked)
    },
    actor: async () => f.program,
  }
  const tools: SendTools = {
    ...{ service, db: database.db, issuer: f.issuer, settled },
    outbox: {
      ready: async () => undefined,
      recorded: async () => undefined,
      put: async ({ name, bytes }) => {
        fuse()
        puts.push(name)
        if (!messages.has(name)) messages.set(name, bytes)
        return 'taken'
      },
    },
  }
  return {
    ...{ db: database.db, messages, tell: told.tell },
    /** Runs to the end, or until it is cut off before act number `acts`. @returns whether it came to its end */
    run: async (acts = Infinity): Promise<boolean> => {
      left = acts
      try {
        await runNotices(tools)
        await settled()
        return true
      } catch (error) {
        if (error instanceof CutOff) return false
        throw error
      }
    },
    pass: (instant: string) => {
      now = instant
    },
    rows: () => findNotices(database.db, { limit: 1000 }),
  }
}

const requestOf = (i: number): string => uuid(10_000 + i)
const streamsOf = (...lives: readonly number[]): readonly string[] =>
  lives.map((i) => `request-${requestOf(i)}`).sort()

const renewalId = (i: number): string => uuid(11_000 + i)
/** The holder of a life asks for its renewal. */
const renewalOf = (i: number) =>
  on(
    request,
    renewalId(i),
    f.requested({ kind: 'renewal', requesterRole: 'holder', previous: serialOf(i), reliesOn: requestOf(i) }),
  )

const withTemporaryCard = (i: number) => [
  on(request, requestOf(i), f.requested({ cardKind: 'temporary', person: uuid(30_000 + i) })),
  ...life(i, 'inUse').slice(1),
]

const plain = (bytes: Uint8Array): string => {
  const { headers, text } = partsOf(Buffer.from(bytes).toString('latin1'))
  return `${headers}\n\n${text}`
}

describe('the notices job', () => {
  it('CGU-77: cut off before any of its acts, in the end it has told each holder of each revocation once', async () => {
    const whole = await openJob()
    expect(await whole.run()).toBe(true)
    const expected = [...whole.messages.keys()].sort()
    const revoked = (await whole.rows()).filter(({ kind }) => kind === 'revocation')
    expect(revoked.map(({ milestone }) => milestone).sort()).toHaveLength(3)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 6 }), async (cuts) => {
        const job = await openJob()
        for (const cut of cuts) await job.run(cut)
        expect(await job.run()).toBe(true)
        expect([...job.messages.keys()].sort()).toEqual(expected)
        const rows = (await job.rows()).filter(({ kind }) => kind === 'revocation')
        expect(rows.map(({ milestone }) => milestone).sort()).toEqual(
          revoked.map(({ milestone }) => milestone).sort(),
        )
        expect(rows.every(({ delivery }) => delivery === 'sent')).toBe(true)
      }),
      { seed: 77, numRuns: 8 },
    )
  }, 300_000)

  it('CGU-19: each of two versions to come is told; one that has been replaced before anybody was told is not', async () => {
    const third = { ...n.version2, version: '3.0', effectiveFrom: '2026-09-01T00:00:00Z' }
    const versions = [n.version2, third].map((data) => on(document, 'cgu', { type: 'DocumentAdopted', data }))
    const told = async (job: Awaited<ReturnType<typeof openJob>>) => [
      ...new Set((await job.rows()).flatMap((row) => (row.kind === 'cguUpdate' ? [row.milestone] : []))),
    ]
    const early = await openJob(versions)
    await early.run()
    expect((await told(early)).sort()).toEqual(['2.0', '3.0'])
    const late = await openJob(versions)
    late.pass('2026-09-02T00:00:00Z')
    await late.run()
    expect(await told(late)).toEqual(['3.0'])
  })

  it('CGU-19, CGU-54: batches of a new version and of each lead time, once; who has accepted the version is not told of it', async () => {
    const job = await openJob([
      on(document, 'cgu', { type: 'DocumentAdopted', data: n.version2 }),
      on(request, requestOf(3), n.acceptedAnew),
    ])
    await job.run()
    const told = async (kind: string) => (await job.rows()).filter((row) => row.kind === kind)
    // Four certificates are in force: three in use, and one whose key was recovered. Two recipients a mailing.
    expect((await told('cguUpdate')).map(({ stream }) => stream).sort()).toEqual(streamsOf(4, 5, 6))
    expect(new Set((await told('cguUpdate')).map(({ notice }) => notice)).size).toBe(2)
    expect(await told('expiry')).toEqual([])
    for (const [day, milestones] of [
      ['2028-12-03T08:59:59Z', ['d90']],
      ['2028-12-03T09:00:00Z', ['d90']],
      ['2029-01-31T09:00:00Z', ['d30', 'd90']],
      ['2029-02-25T09:00:00Z', ['d30', 'd7', 'd90']],
      ['2029-03-03T09:00:00Z', ['d30', 'd7', 'd90']],
    ] as const) {
      job.pass(day)
      await job.run()
      await job.run()
      const rows = await told('expiry')
      expect([...new Set(rows.map(({ milestone }) => milestone))].sort()).toEqual(milestones)
      expect(rows).toHaveLength(4 * milestones.length)
    }
  }, 120_000)

  it('CGU-54: none is told whose card is temporary, whose certificate is revoked, or who has asked for a renewal', async () => {
    const job = await openJob([
      ...withTemporaryCard(20),
      ...[...life(21, 'inUse'), renewalOf(21)],
      ...[...life(22, 'inUse'), renewalOf(22), on(request, renewalId(22), r.rejected)],
      ...life(23, 'revoked'),
    ])
    job.pass('2029-01-31T09:00:00Z')
    await job.run()
    const rows = (await job.rows()).filter(({ kind, milestone }) => kind === 'expiry' && milestone === 'd30')
    // A renewal that came to nothing is none: that holder is to ask again.
    expect(rows.map(({ stream }) => stream).sort()).toEqual(streamsOf(3, 4, 5, 6, 22))
  }, 120_000)

  it('CGU-46: a holder is told of a recovery once it is delivered, unless justice or the law withheld it', async () => {
    // That of life 4 was asked by a judge, and withheld.
    const [delivered, approved] = [uuid(41_000), uuid(41_001)]
    const told = { holderNotice: true, requesterRole: 'holder', ground: 'holderRequest' }
    const asked = f.asked({ ...told, serial: serialOf(5), key: spkiOf(5) })
    const job = await openJob([
      on(recovery, delivered, asked, f.approvedBy(5, '2026-03-09T09:00:00Z')),
      on(recovery, approved, asked, f.approvedBy(5, '2026-03-09T09:00:00Z')),
    ])
    const rows = async () => (await job.rows()).filter(({ kind }) => kind === 'keyRecovery')
    await job.run()
    expect(await rows()).toEqual([])
    await job.tell(on(recovery, delivered, f.delivered))
    await job.run()
    await job.run()
    expect(await rows()).toMatchObject([
      { milestone: delivered, stream: `request-${requestOf(5)}`, role: 'holder', delivery: 'sent' },
    ])
    expect([...job.messages.values()].map(plain).filter((text) => text.includes(serialOf(5)))).toHaveLength(1)
  }, 120_000)

  const agent = on(appointment, f.M, f.proposed(), f.checked, f.undertaken)
  it.each([
    ['nobody', { notifyMc: false, notifyEntity: false }, []],
    ['the agents', { notifyMc: true, notifyEntity: false }, [`appointment-${f.M} mc`]],
    ['the entity', { notifyMc: false, notifyEntity: true }, [`entity-${f.E} legalRepresentative`]],
  ] as const)('CGU-77, CGU-78: beside the holder, %s, as the policy says', async (...[, says, beside]) => {
    const job = await openJob([f.employer, agent], says)
    await job.run()
    const rows = (await job.rows()).filter(({ kind }) => kind === 'revocation')
    const told = rows.map(({ stream, role, delivery }) => [
      role === 'holder' ? role : `${stream} ${role}`,
      delivery,
    ])
    const each = ['holder', ...beside].map((one) => [one, 'sent'])
    expect(told.sort()).toEqual([...each, ...each, ...each].sort())
  })

  it('CGU-79: the message states when the revocation took effect; the same name is the same Message-ID', async () => {
    const job = await openJob()
    await job.run()
    const texts = [...job.messages.values()].map(plain)
    const one = texts.find((text) => text.includes('est révoqué'))
    expect(one).toContain('La révocation a pris effet le 2 mars 2026 (2026-03-02T09:00:00Z)')
    expect(one).toContain('took effect on 2 March 2026 (2026-03-02T09:00:00Z)')
    const name = `${uuid(1)}-0`
    const by = { from: 'igc@finances.example', log: 'grand-livre.example/registre/1' }
    const message = {
      name,
      to: 'zoe@douane.example',
      subject: 'Révocation',
      text: 'é',
      html: '<p>é</p>',
      date: '2026-03-02T09:00:00Z',
    }
    const bytes = Buffer.from(await composeMessage(message, by)).toString('latin1')
    expect(messageIdOf(name, by.log)).toBe(`<${name}@grand-livre.example>`)
    expect(bytes).toContain(`Message-ID: ${messageIdOf(name, by.log)}\r\n`)
    expect(bytes.split('\r\n').every((line) => line.length <= 78 && /^[\x20-\x7e]*$/.test(line))).toBe(true)
  })
})
