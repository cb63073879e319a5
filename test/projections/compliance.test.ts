import { describe, expect, it } from 'vitest'
import { certificate } from '../../domain/certificate.ts'
import { component } from '../../domain/component.ts'
import { key } from '../../domain/key.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { clauses, type Clause } from '../../domain/policy/clauses.ts'
import { complianceCsv } from '../../projections/compliance/csv.ts'
import { complianceHtml } from '../../projections/compliance/html.ts'
import { nothingKnown } from '../../projections/compliance/known.ts'
import { complianceReport, type ComplianceReport } from '../../projections/compliance/report.ts'
import { rules } from '../../projections/compliance/rules.ts'
import type { Seen } from '../../projections/compliance/seen.ts'
import { duration } from '../../projections/compliance/words.ts'
import * as c from '../commands/controlsFacts.ts'
import * as f from '../commands/facts.ts'
import { memoryKeys, spkiOf, uuid } from '../ledger/filled.ts'
import * as m from './complianceLedger.ts'

const march = { from: '2026-03-01', to: '2026-03-31' }

const reportOn = async (
  steps: m.Month,
  more: Partial<Parameters<typeof complianceReport>[1]> = {},
): Promise<ComplianceReport> => {
  const { ledger } = await m.write(steps)
  return complianceReport(ledger, { period: march, policy: f.policy, keys: true, ...more })
}

const found = ({ exceptions }: ComplianceReport): readonly string[] =>
  exceptions.listed.map(({ code }) => code)

const whole = m.month()
const other = `4${'0'.repeat(30)}9`
const deskAt = (day: string, name: string, ...events: Parameters<typeof component.evolve>[1][]): m.Month => ({
  [name]: m.extra([day, c.auditor], component, c.D, ...events),
})
const control = (id: string, data: object) =>
  ({ ...c.completed(id), data: { ...c.completed(id).data, ...data } }) as never

/** What is done to the month, and the exceptions that it must then have. */
const plants: readonly (readonly [codes: readonly string[], steps: m.Month])[] = [
  [['VALIDATED_WITHOUT_CGU'], m.without(whole, 'cgu')],
  [['VALIDITY_NOT_THREE_YEARS'], m.changed(whole, 'planned', { notAfter: '2030-03-02T08:59:59Z' })],
  [['VALIDATED_WITHOUT_IDENTITY'], m.without(whole, 'identified')],
  [['SESSION_WITHOUT_VALIDATION'], m.without(whole, 'validated')],
  [
    ['SESSION_WITHOUT_VALIDATION', 'TWO_SESSIONS_AT_A_DESK'],
    m.after(whole, 'session', {
      second: m.extra([whole['session']!.at, f.ra], request, uuid(11), f.requested(), {
        ...f.sessionOpened,
        data: { ...f.sessionOpened.data, desk: c.D },
      } as never),
    }),
  ],
  [['HANDED_OVER_WITHOUT_ACCEPTANCE'], m.without(whole, 'accepted')],
  [['HANDED_OVER_WITHOUT_PIN'], m.without(whole, 'pin')],
  [['ISSUED_WITHOUT_ESCROW'], m.without(whole, 'escrowed', 'recovering', 'recovered')],
  [['ESCROW_NOT_TEN_YEARS'], m.changed(whole, 'escrowed', { until: '2035-03-02T09:00:00Z' })],
  [
    ['TWO_CERTIFICATES_ON_ONE_KEY'],
    m.after(whole, 'issued', {
      second: m.extra([whole['issued']!.at, f.program], certificate, other, f.planned),
    }),
  ],
  [['QUALIFICATION_LAPSED'], m.changed(whole, 'qualification', { validUntil: '2026-02-28' })],
  [['CRL_NUMBER_MISSING', 'CRL_GAP'], m.without(whole, 'crl2')],
  [['CRL_GAP'], m.without(whole, 'crl3', 'asked', 'revoked')],
  [['CRL_LATE', 'CRL_GAP'], m.without(whole, 'crl3')],
  [['REVOCATION_LATE'], m.changed(whole, 'asked', { firstReceivedAt: '2026-03-08T09:59:59Z' })],
  [['REVOCATION_LATE'], m.without(whole, 'revoked')],
  [
    ['REVOKED_CERTIFICATE_CHANGED'],
    m.after(whole, 'revoked', {
      again: m.extra([whole['revoked']!.at, f.program], certificate, f.S, f.acceptedByHolder),
    }),
  ],
  [['RECOVERY_WITHOUT_QUORUM'], m.without(whole, 'approvedB')],
  [['RECOVERY_WITHOUT_QUORUM'], m.changed(whole, 'approvedB', { expiresAt: '2026-03-05T23:00:00Z' })],
  [
    ['ESCROW_NOT_TEN_YEARS', 'RECOVERED_AFTER_TERM'],
    m.changed(whole, 'escrowed', { until: '2026-03-06T09:00:00Z' }),
  ],
  [['COMMISSIONED_WITHOUT_CONTROL'], m.changed(whole, 'controlled', { verdict: 'failed' })],
  [['SESSION_AT_UNCONTROLLED_DESK'], m.without(whole, 'commissioned')],
  [
    ['SESSION_AT_UNCONTROLLED_DESK'],
    m.after(whole, 'commissioned', deskAt(whole['commissioned']!.at, 'modified', c.changed(true))),
  ],
  [['CONTROL_BEFORE_CHANGE'], m.changed(whole, 'controlled', { completedOn: '2026-02-28' })],
  [
    ['CONTROL_TO_CONFIRM_PAST'],
    m.after(
      whole,
      'commissioned',
      deskAt(
        '2026-03-02T08:00:00Z',
        'doubtful',
        c.ordered(c.A2, 'policy'),
        control(c.A2, { verdict: 'toConfirm', confirmBy: '2026-03-20' }),
      ),
    ),
  ],
  [
    ['CONTROL_OVERDUE'],
    m.after(
      whole,
      'commissioned',
      deskAt(
        '2026-03-02T08:00:00Z',
        'policy',
        c.ordered(c.A2, 'policy'),
        control(c.A2, { completedOn: '2024-03-10' }),
      ),
    ),
  ],
]

describe('exceptions', () => {
  it('CGU-122: a month that keeps every clause has none', async () => {
    const report = await reportOn(whole)
    expect([found(report), report.totals.exceptions, report.totals.forbidden]).toEqual([[], 0, 0])
  })

  it.each(plants)('CGU-122: what was planted is found, and nothing else: %j', async (codes, steps) => {
    const report = await reportOn(steps)
    expect([...new Set(found(report))].sort()).toEqual([...codes].sort())
    for (const { stream, rank, at } of report.exceptions.listed) {
      expect(stream).toMatch(/^[a-z]+-/)
      expect([rank >= 0, at >= '2026-03-01', at < '2026-04-01']).toEqual([true, true, true])
    }
    const sum = report.clauses.reduce((total, one) => total + one.exceptions, 0)
    expect(sum).toBe(report.totals.exceptions)
  })

  it('CGU-122: every rule has been met by a month that breaks it', () => {
    const planted = new Set(plants.flatMap(([codes]) => codes))
    // Its event is another aggregate's, and judged below.
    expect(rules.map(({ code }) => code).filter((code) => !planted.has(code))).toEqual([
      'DESTROYED_BEFORE_TERM',
    ])
  })

  it('CGU-41: a key destroyed before its term is an exception; at its term, or never certified, it is none', () => {
    const rule = rules.find(({ code }) => code === 'DESTROYED_BEFORE_TERM')!
    const known = nothingKnown()
    known.keys.set(f.K, { until: '2036-03-02T09:00:00Z' })
    const at = (occurredAt: string, cause: string): number => {
      const seen = {
        stream: `key-${f.K}`,
        rank: 7,
        at: occurredAt,
        id: f.K,
        data: { cause },
        env: { occurredAt },
      }
      return rule.find!(seen as unknown as Seen, known, f.policy).length
    }
    expect(at('2036-03-02T08:59:59Z', 'termEnded')).toBe(1)
    expect(at('2036-03-02T09:00:00Z', 'termEnded')).toBe(0)
    expect(at('2026-03-03T09:00:00Z', 'neverCertified')).toBe(0)
  })
})

describe('figures', () => {
  it('CGU-122: totals are those of a second count, written anew', async () => {
    const { ledger } = await m.write(whole)
    const report = await complianceReport(ledger, { period: march, policy: f.policy, keys: true })
    const types: string[] = []
    for await (const { type } of ledger.entries()) types.push(type)
    expect(report.totals.events).toBe(types.length)
    expect(report.ledger.size).toBe(types.length)
    for (const { clause, events } of report.clauses) {
      const proving = (clauses as Readonly<Record<string, Clause>>)[clause]!.events.filter(
        (type) => type !== 'CommandRefused',
      )
      expect([clause, events]).toEqual([clause, types.filter((type) => proving.includes(type)).length])
    }
    expect(report.clauses).toHaveLength(125)
    const refused = report.clauses.filter(({ refusals }) => refusals > 0)
    expect(refused.map(({ clause, codes }) => [clause, codes])).toEqual([['CGU-04', { SELF_APPROVAL: 1 }]])
  })

  it('CGU-76: delays from the request to the revocation to the list', async () => {
    const { delays, waiting } = await reportOn(whole)
    expect(delays.map(({ name, count, median, p95, max }) => [name, count, median, p95, max])).toEqual([
      ['requestToRevocation', 1, 7200, 7200, 7200],
      ['revocationToCrl', 1, 23 * 3600, 23 * 3600, 23 * 3600],
      ['requestToCrl', 1, 25 * 3600, 25 * 3600, 25 * 3600],
    ])
    expect(waiting).toEqual({ crl: 0, requests: 0 })
    expect([duration(0), duration(59), duration(25 * 3600), duration(null)]).toEqual([
      '0 s',
      '59 s',
      '1 j 1 h',
      '—',
    ])
  })

  it('CGU-46: recoveries by their ground: opened, sealed without keys, destroyed with theirs', async () => {
    const row = { outcome: 'delivered', count: 1 }
    expect((await reportOn(whole)).recoveries).toEqual([{ ground: 'judicial', ...row }])
    expect((await reportOn(whole, { keys: false })).recoveries).toEqual([{ ground: 'sealed', ...row }])
    const { ledger } = await m.write(whole, memoryKeys(new Set([`recovery_${f.Q}`])))
    const report = await complianceReport(ledger, { period: march, policy: f.policy, keys: true })
    expect(report.recoveries).toEqual([{ ground: 'destroyed', ...row }])
  })

  it.each([
    [
      'asked in it, decided later',
      '2026-03-01',
      '2026-03-05',
      [{ ground: 'judicial', outcome: 'pending', count: 1 }],
    ],
    [
      'asked before, delivered in it',
      '2026-03-06',
      '2026-03-31',
      [{ ground: 'judicial', outcome: 'delivered', count: 1 }],
    ],
    ['over before it', '2026-03-07', '2026-03-31', []],
  ])('CGU-46: a recovery %s', async (_, from, to, expected) => {
    expect((await reportOn(whole, { period: { from, to } })).recoveries).toEqual(expected)
  })

  it('CGU-121, CGU-123: the qualification, the components and their controls as they stood', async () => {
    const { qualification, components, controls } = await reportOn(whole)
    expect(qualification).toEqual({
      version: '2026',
      from: '2026-01-01',
      until: '2028-12-31',
      status: 'held',
    })
    expect(components).toMatchObject([
      { component: c.D, kind: 'desk', status: 'inService', since: '2026-03-01', nextDueOn: '2028-03-01' },
    ])
    expect(controls).toMatchObject([
      {
        control: c.A1,
        scope: 'commissioning',
        verdict: 'passed',
        completedOn: '2026-03-01',
        dueOn: '2026-03-31',
      },
    ])
    const later = { period: { from: '2029-01-01', to: '2029-01-31' } }
    expect((await reportOn(whole, later)).qualification.status).toBe('lapsed')
    expect((await reportOn(m.without(whole, 'qualification'))).qualification.status).toBe('none')
  })
})

describe('duties that fell to the same hand', () => {
  const { officerA, officerB, ra } = f
  it.each([
    ['RECORDED_AND_APPROVED', m.changed(whole, 'approvedA', {}, { by: officerA })],
    ['APPROVED_TWICE', m.changed(whole, 'approvedB', {}, { by: officerB })],
    ['REQUESTED_AND_VALIDATED', m.changed(whole, 'validated', {}, { by: ra })],
    ['IDENTIFIED_AND_VALIDATED', m.changed(whole, 'validated', {}, { by: f.mc })],
    ['DECLARED_AND_CONTROLLED', m.changed(whole, 'declared', {}, { by: c.auditor })],
    ['CONTROLLED_AND_COMMISSIONED', m.changed(whole, 'commissioned', {}, { by: c.auditor })],
    ['ORDERED_AND_CONTROLLED', m.changed(whole, 'ordered', {}, { by: c.auditor })],
    ['REVOCATION_ASKED_AND_DONE', m.changed(whole, 'revoked', {}, { by: ra })],
  ])('CGU-46, CGU-122: %s is listed by its event, under a pseudonym', async (code, steps) => {
    const { duties } = await reportOn(steps)
    expect(duties.listed.map((one) => one.code)).toEqual([code])
    expect(duties.listed[0]!.actor).toMatch(/^00000000-0000-4000-8000-/)
    expect(duties.listed[0]).not.toHaveProperty('who')
    expect(duties.pairs.find((pair) => pair.code === code)?.count).toBe(1)
  })

  it('CGU-46: an approval that has expired is not counted with the next one', async () => {
    const steps = m.changed(
      m.changed(whole, 'approvedA', { expiresAt: '2026-03-05T09:00:00Z' }),
      'approvedB',
      {},
      { by: officerB },
    )
    expect((await reportOn(steps)).duties.listed).toEqual([])
  })
})

describe('the report as it is handed over', () => {
  const forms = (report: ComplianceReport): readonly string[] => [
    JSON.stringify(report),
    complianceHtml(report),
    complianceCsv(report),
  ]
  const broken = m.changed(m.without(whole, 'pin', 'accepted'), 'validated', {}, { by: f.ra })

  it('CGU-112: it names nobody, in any form; asked to, it names the accounts of what it lists', async () => {
    const { ledger, names } = await m.write(broken)
    const told = async (keys: boolean, asked: boolean) =>
      complianceReport(ledger, { period: march, policy: f.policy, keys, names: asked })
    for (const report of [await told(true, false), await told(false, false), await told(false, true)])
      for (const form of forms(report)) for (const name of names) expect(form).not.toContain(name)
    expect((await told(false, true)).names).toBe('closed')
    const named = await told(true, true)
    expect(named.duties.listed.map(({ who }) => who)).toEqual([`marie.durand ${f.ra.person}`])
    for (const form of forms(named)) expect(form).toContain('marie.durand')
  })

  it('CGU-122: the same octets twice, whatever is recorded after the period', async () => {
    const book = await m.write(broken)
    const once = async (): Promise<readonly string[]> =>
      forms(await complianceReport(book.ledger, { period: march, policy: f.policy, keys: true }))
    const before = await once()
    expect(await once()).toEqual(before)
    await book.tell({
      next: m.extra(['2026-04-01T09:00:00Z', f.program], key, spkiOf(7), f.bound),
      late: m.extra(['2026-04-02T09:00:00Z', f.officerA], recovery, uuid(51), f.asked()),
      crl4: m.list(4, 2, 0, '2026-05-01T09:00:00Z')['crl4']!,
    })
    expect(await once()).toEqual(before)
  })

  it('CGU-122: HTML and CSV hold the figures of the report', async () => {
    const report = await reportOn(broken)
    const html = complianceHtml(report)
    const rows = complianceCsv(report)
      .split('\r\n')
      .map((line) => line.split(','))
    for (const { clause, events, refusals, exceptions } of report.clauses) {
      const cells = new RegExp(
        `<th scope="row" class="s">${clause}</th><td class="n">(\\d+)</td>.*?<td class="n">(\\d+)</td>.*?<td class="n">(\\d+)</td></tr>`,
      ).exec(html)
      expect([clause, ...cells!.slice(1).map(Number)]).toEqual([clause, events, refusals, exceptions])
      for (const [measure, value] of Object.entries({ events, refusals, exceptions }))
        expect(rows).toContainEqual(['clause', clause, measure, String(value)])
    }
    for (const [name, value] of Object.entries(report.totals))
      expect(rows).toContainEqual(['totals', '', name, String(value)])
    expect(html).toMatch(/^<!doctype html>\n<html lang="fr">/)
    expect(html).not.toMatch(/<script|https?:|url\(|@import/)
    expect(html.match(/<h1/g)).toHaveLength(1)
    expect(html.match(/<table>/g)?.length).toBe(html.match(/<caption>/g)?.length)
    expect(html).not.toMatch(/<th>/)
  })

  it('CGU-122: what is outside of the period is not in it, and days are French days', async () => {
    const outside = await reportOn(broken, { period: { from: '2026-02-01', to: '2026-02-28' } })
    expect([outside.totals.events, outside.ledger.size]).toEqual([0, 0])
    const { ledger } = await m.write({
      late: m.extra(['2026-03-01T23:30:00Z', f.program], key, spkiOf(1), f.bound),
    })
    const on = async (day: string): Promise<number> =>
      (await complianceReport(ledger, { period: { from: day, to: day }, policy: f.policy, keys: false }))
        .totals.events
    expect([await on('2026-03-01'), await on('2026-03-02')]).toEqual([0, 1])
  })

  it('CGU-122: more exceptions than are listed are counted all the same', async () => {
    const report = await reportOn(broken, { mostListed: 1 })
    expect([report.exceptions.listed.length, report.totals.exceptions]).toEqual([1, 2])
    expect(complianceHtml(report)).toContain('1 autres exceptions')
  })
})
