import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listDigest } from '../../commands/approvalStatement.ts'
import {
  approveDestruction,
  cancelDestruction,
  proposeDestruction,
  recordDestruction,
  type RecordDestruction,
  recordVisa,
  startDestruction,
  type DueUnit,
} from '../../commands/destructions.ts'
import { discloseData, endDisclosure, produceExport } from '../../commands/disclosures.ts'
import { liftHold, placeHold } from '../../commands/holds.ts'
import { recordKeyDestruction } from '../../commands/keys.ts'
import { certificate } from '../../domain/certificate.ts'
import { destruction, type DestructionEvent } from '../../domain/destruction.ts'
import { disclosure } from '../../domain/disclosure.ts'
import { hold } from '../../domain/hold.ts'
import { key } from '../../domain/key.ts'
import { addHours, addSeconds, addYears } from '../../domain/policy/dates.ts'
import type { Second } from '../../domain/policy/dualControl.ts'
import { dueAt, quarterEnds, retentionRules, startedBy } from '../../domain/policy/retention.ts'
import { retentionClasses } from '../../domain/lists.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

const { policy, K, digest } = f
type Fact = ReturnType<typeof on>
const [D, H, X] = [uuid(800), uuid(801), uuid(802)]
const [archivist, officer, security] = [
  actor('archivist', 60),
  actor('caOfficer', 61),
  actor('securityOfficer', 62),
]
const file = `reg/${f.R}`
const [until, margin] = ['2036-03-02T09:00:00Z', policy.retention.destructionMarginHours]

const proposedRun: DestructionEvent = {
  type: 'DestructionProposed',
  data: { class: 'reg', cause: 'termEnded', units: [file], latestDue: morning, proposer: archivist.person },
}
const visa: DestructionEvent = {
  type: 'EliminationVisaRecorded',
  data: { visaSha256: digest, grantedOn: '2026-03-01', reference: 'bordereau 12' },
}
const approvedBy = (person: number): DestructionEvent => ({
  type: 'DestructionApproved',
  data: { nth: 1, listSha256: digest, approver: uuid(person) },
})
const started: DestructionEvent = { type: 'DestructionStarted', data: {} }
const cancelled: DestructionEvent = { type: 'DestructionCancelled', data: { cause: 'wrong-list' } }
const run = (...events: readonly DestructionEvent[]) => on(destruction, D, ...events)
const ready = [proposedRun, visa, approvedBy(61), approvedBy(62)]

describe('the table of what is kept', () => {
  it('CGU-113, CGU-114, CGU-115: has every class once', () => {
    expect(retentionRules.map((rule) => rule.class)).toEqual(retentionClasses)
  })

  it.each([
    ['CGU-113', { class: 'reg', starts: '2029-03-02T08:59:59Z' }, '2036-03-02T08:59:59Z'],
    ['CGU-113', { class: 'reg', starts: '2029-03-02T08:59:59Z', floor: until }, until],
    ['CGU-114', { class: 'journal', starts: quarterEnds('2026-Q1') }, '2033-04-01T00:00:00Z'],
    ['CGU-114', { class: 'journal', starts: quarterEnds('2026-Q4') }, '2034-01-01T00:00:00Z'],
    ['CGU-115', { class: 'recovery', starts: until }, '2043-03-02T09:00:00Z'],
    ['CGU-41', { class: 'escrow', starts: until }, addHours(until, margin)],
    ['CGU-110', { class: 'status', starts: morning }, undefined],
  ] as const)('%s: %o ends at %s', (_, term, due) => {
    expect(dueAt(term, policy)).toBe(due)
  })

  it('CGU-113, CGU-114, CGU-115: what has started by a date is due by then, to the second, whatever the date', () => {
    const kept = fc.constantFrom('reg' as const, 'escrow' as const, 'recovery' as const, 'journal' as const)
    fc.assert(
      fc.property(kept, fc.integer({ min: 0, max: 900_000_000 }), (one, seconds) => {
        const at = addSeconds('2030-01-01T00:00:00Z', seconds)
        const starts = startedBy(one, at, policy)
        const due = dueAt({ class: one, starts }, policy)!
        expect(due <= at).toBe(true)
        // 29 February alone ends a day early in a common year.
        expect(due === at || at.slice(5, 10) === '02-29').toBe(true)
        expect(dueAt({ class: one, starts: addSeconds(starts, 86_401) }, policy)! > at).toBe(true)
      }),
      { seed: 20_260_302 },
    )
  })
})

describe('a run', () => {
  const due = (unit: string, more: Partial<DueUnit> = {}): DueUnit => ({
    unit,
    due: morning,
    held: false,
    ...more,
  })
  const propose = (kept: 'reg' | 'escrow' | 'recovery' | 'journal', ...units: readonly DueUnit[]) =>
    given()
      .when(proposeDestruction, { destruction: D, class: kept, cause: 'termEnded', units }, archivist)
      .outcome()

  it.each([
    ['CGU-116: what is due', 'reg', due(file), 'DestructionProposed'],
    [
      'CGU-113: a file whose term runs',
      'reg',
      due(file, { due: addSeconds(morning, 1) }),
      'CGU-113 RETENTION_RUNNING',
    ],
    ['CGU-113: a file without a term yet', 'reg', due(file, { due: undefined }), 'CGU-113 RETENTION_RUNNING'],
    ['CGU-114: a journal', 'journal', due('journal/1', { due: undefined }), 'CGU-114 RETENTION_RUNNING'],
    ['CGU-115: a recovery', 'recovery', due('recovery/1', { due: undefined }), 'CGU-115 RETENTION_RUNNING'],
    ['CGU-41: a key in its escrow', 'escrow', due('escrow/1', { due: until }), 'CGU-41 ESCROW_TERM_RUNNING'],
    ['CGU-116: what is on hold', 'reg', due(file, { held: true }), 'CGU-116 UNIT_ON_HOLD'],
    ['CGU-116: a unit of another class', 'reg', due('journal/1'), 'CGU-116 OUT_OF_ORDER'],
  ] as const)('%s, proposed: %s', async (...[, kept, unit, outcome]) => {
    expect(await propose(kept, unit)).toBe(outcome)
  })

  it('CGU-116: nothing is no run', async () => {
    expect(await propose('reg')).toBe('CGU-116 OUT_OF_ORDER')
  })

  it.each([
    ['dated today', '2026-03-02', [proposedRun], 'EliminationVisaRecorded'],
    ['dated ahead', '2026-03-03', [proposedRun], 'CGU-116 VISA_MISSING'],
    ['twice', '2026-03-02', [proposedRun, visa], 'CGU-116 OUT_OF_ORDER'],
    ['of a run given up', '2026-03-02', [proposedRun, cancelled], 'CGU-116 OUT_OF_ORDER'],
  ] as const)('CGU-116: a visa %s', async (...[, grantedOn, events, outcome]) => {
    const data = { destruction: D, visaSha256: digest, grantedOn, reference: 'bordereau 12' }
    expect(
      await given(run(...events))
        .when(recordVisa, data, archivist)
        .outcome(),
    ).toBe(outcome)
  })

  const seen = { destruction: D, listSha256: listDigest({ units: [file] }), statement: 'Vu.' }
  it.each([
    ['by an officer', officer, seen, [proposedRun, visa], 'DestructionApproved'],
    ['by a second one', security, seen, [proposedRun, visa, approvedBy(61)], 'DestructionApproved'],
    [
      'twice by one person',
      officer,
      seen,
      [proposedRun, visa, approvedBy(61)],
      'CGU-116 APPROVER_ALREADY_COUNTED',
    ],
    [
      'twice, in two roles',
      actor('securityOfficer', 61),
      seen,
      [proposedRun, visa, approvedBy(61)],
      'CGU-116 APPROVER_ALREADY_COUNTED',
    ],
    ['by who proposed it', actor('caOfficer', 60), seen, [proposedRun, visa], 'CGU-04 SELF_APPROVAL'],
    ['without a visa', officer, seen, [proposedRun], 'CGU-116 VISA_MISSING'],
    [
      'of another list',
      officer,
      { ...seen, listSha256: 'e'.repeat(64) },
      [proposedRun, visa],
      'CGU-116 OUT_OF_ORDER',
    ],
    ['of a run given up', officer, seen, [proposedRun, visa, cancelled], 'CGU-116 OUT_OF_ORDER'],
  ] as const)('CGU-116: approved %s', async (...[, by, data, events, outcome]) => {
    expect(
      await given(run(...events))
        .when(approveDestruction(policy), data, by)
        .outcome(),
    ).toBe(outcome)
  })

  it.each([
    ['ready', ready, [], 'DestructionStarted'],
    ['without a visa', [proposedRun], [], 'CGU-116 VISA_MISSING'],
    ['approved by one', [proposedRun, visa, approvedBy(61)], [], 'CGU-06 SECOND_PERSON_REQUIRED'],
    ['all on hold meanwhile', ready, [file], 'CGU-116 UNIT_ON_HOLD'],
    ['begun before', [...ready, started], [], 'nothing'],
  ] as const)('CGU-116: the act, %s', async (...[, events, held, outcome]) => {
    const when = given(run(...events)).when(startDestruction(policy), { destruction: D, held }, f.program)
    expect(await when.outcome()).toBe(outcome)
  })

  it.each([
    ['every unit', [file], [], {}, 'DataDestroyed'],
    ['a unit spared', [], [file], {}, 'DataDestroyed'],
    ['a unit spared, as it is on hold', [], [file], { held: [file] }, 'DataDestroyed'],
    ['a unit that is on hold', [file], [], { held: [file] }, 'CGU-116 UNIT_ON_HOLD'],
    ['one operator', [file], [], { operators: [uuid(61), uuid(61)] }, 'CGU-06 SECOND_PERSON_REQUIRED'],
    ['no operator', [file], [], { operators: [] }, 'CGU-06 SECOND_PERSON_REQUIRED'],
    ['a unit forgotten', [], [], {}, 'CGU-116 OUT_OF_ORDER'],
    ['a unit of no run', [file, 'reg/2'], [], {}, 'CGU-116 OUT_OF_ORDER'],
  ] as const)('CGU-06, CGU-116: accounts for %s', async (...[, units, spared, more, outcome]) => {
    const given_: Readonly<{ held?: readonly string[]; operators?: readonly string[] }> = more
    const { held = [], operators = [uuid(61), uuid(62)] } = given_
    const data: RecordDestruction['data'] = {
      ...{ destruction: D, units: [...units], spared: [...spared], method: 'dataKeyDeleted', held },
      ...{ dataKeys: units.length, attestationSha256: digest, operators: [...operators] },
    }
    const when = given(run(...ready, started)).when(recordDestruction, data, f.program)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-116: no order of commands starts the act without visa and two persons', () => {
    const steps = fc.array(
      fc.constantFrom('visa', 'approve61', 'approve62', 'approve60', 'cancel', 'start'),
      {
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(steps, (order) => {
        let state = destruction.evolve(destruction.initial, proposedRun)
        for (const step of order) {
          const decision = decided(step, state)
          if ('accepted' in decision) state = decision.accepted.reduce(destruction.evolve, state)
        }
        if (state.status !== 'started') return
        expect(state.visa).toBeDefined()
        expect(new Set(state.operators).size).toBeGreaterThanOrEqual(2)
        expect(state.operators).not.toContain(archivist.person)
      }),
      { seed: 20_260_302, numRuns: 500 },
    )
  })
})

const decided = (step: string, state: Parameters<typeof recordVisa.decide>[1]) => {
  const order = { id: uuid(99), at: morning }
  const visaData = { destruction: D, visaSha256: digest, grantedOn: '2026-03-01', reference: 'x' }
  const as = (person: number) => actor('caOfficer', person)
  const approve = (person: number) =>
    approveDestruction(policy).decide(
      {
        ...order,
        type: 'ApproveDestruction',
        by: as(person),
        data: { destruction: D, listSha256: listDigest({ units: [file] }), statement: 'Vu.' },
      },
      state,
      new Map(),
    )
  switch (step) {
    case 'visa':
      return recordVisa.decide(
        { ...order, type: 'RecordVisa', by: archivist, data: visaData },
        state,
        undefined,
      )
    case 'cancel':
      return cancelDestruction.decide(
        { ...order, type: 'CancelDestruction', by: archivist, data: { destruction: D, cause: 'x' } },
        state,
        undefined,
      )
    case 'start':
      return startDestruction(policy).decide(
        { ...order, type: 'StartDestruction', by: f.program, data: { destruction: D, held: [] } },
        state,
        new Map(),
      )
    default:
      return approve(Number(step.slice(-2)))
  }
}

describe('holds', () => {
  const placed = on(hold, H, { type: 'HoldPlaced', data: { units: [file], reference: 'réquisition' } })

  it.each([
    ['a file', [file, 'journal/1', 'recovery/1'], 'HoldPlaced'],
    ['a key', [file, 'escrow/1'], 'CGU-48 HOLD_NOT_ON_KEY'],
    ['what nobody keeps', [file, 'journal/9'], 'CGU-116 UNIT_UNKNOWN'],
  ])('CGU-48, CGU-116: placed on %s', async (_, units, outcome) => {
    const unknown = units.filter((unit) => unit === 'journal/9')
    const data = { hold: H, units, reference: 'réquisition', unknown }
    expect(await given().when(placeHold, data, officer).outcome()).toBe(outcome)
  })

  it('CGU-116: lifted once, on the units that it was placed on', async () => {
    const data = { hold: H, reference: 'mainlevée' }
    await given(placed)
      .when(liftHold, data, archivist)
      .then([{ type: 'HoldLifted', data: { units: [file] } }])
    expect(await given().when(liftHold, data, archivist).outcome()).toBe('CGU-116 OUT_OF_ORDER')
  })
})

describe('the destruction of a key', () => {
  const destroy = (at: string, cause: 'termEnded' | 'neverCertified', ...facts: readonly Fact[]) =>
    given(...facts)
      .when(
        recordKeyDestruction(policy),
        { spki: K, destruction: D, cause, blobCopies: 1, method: 'blobDeleted', proofSha256: digest },
        f.program,
        at,
      )
      .outcome()
  const kept = on(key, K, f.bound, f.escrowed)
  const signed = on(certificate, f.S, f.planned, f.issued)
  const due = addHours(until, margin)

  it.each([
    ['in its term', 'termEnded', morning, [kept, signed], 'CGU-41 ESCROW_TERM_RUNNING'],
    ['in the margin', 'termEnded', addSeconds(due, -1), [kept, signed], 'CGU-41 ESCROW_TERM_RUNNING'],
    ['after it', 'termEnded', due, [kept, signed], 'EscrowedKeyDestroyed'],
    [
      'under recovery',
      'termEnded',
      due,
      [on(key, K, f.bound, f.escrowed, f.recoveryStarted)],
      'CGU-41 KEY_BUSY',
    ],
    [
      'that was certified, as if it were not',
      'neverCertified',
      morning,
      [kept, signed],
      'CGU-41 ESCROW_TERM_RUNNING',
    ],
    [
      'that was never certified',
      'neverCertified',
      morning,
      [kept, on(certificate, f.S, f.abandoned)],
      'EscrowedKeyDestroyed',
    ],
    ['that is not there', 'termEnded', due, [], 'CGU-116 OUT_OF_ORDER'],
  ] as const)('CGU-41, CGU-48: of a key %s', async (...[, cause, at, facts, outcome]) => {
    expect(await destroy(at, cause, ...facts)).toBe(outcome)
  })
})

describe('disclosures', () => {
  const besides = (person: number): Second => ({ person: uuid(person), roles: ['securityOfficer'] })
  const disclosed = {
    ...{ fields: ['surname'], unitCount: 1, returnBy: addYears(morning, 1).slice(0, 10) },
    ...{ packageSha256: digest, recipient: 'juge', ground: 'ordonnance' },
  }
  it.each([
    ['with a second person', { ...disclosed, second: besides(62) }, 'PersonalDataDisclosed'],
    ['alone', disclosed, 'CGU-06 SECOND_PERSON_REQUIRED'],
    ['twice oneself', { ...disclosed, second: besides(61) }, 'CGU-06 SECOND_PERSON_REQUIRED'],
    [
      'to be returned yesterday',
      { ...disclosed, second: besides(62), returnBy: '2026-03-01' },
      'CGU-112 OUT_OF_ORDER',
    ],
  ])('CGU-112: personal data disclosed %s', async (_, data, outcome) => {
    expect(
      await given()
        .when(discloseData, { export: X, ...data }, officer)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-112: ends when the data are returned or destroyed', async () => {
    const data = { export: X, outcome: 'returned' as const }
    const open = on(disclosure, X, {
      type: 'PersonalDataDisclosed',
      data: { ...disclosed, present: 'CA, SO' },
    })
    expect(await given(open).when(endDisclosure, data, officer).outcome()).toBe('DisclosureEnded')
    expect(await given().when(endDisclosure, data, officer).outcome()).toBe('CGU-112 OUT_OF_ORDER')
  })

  it('CGU-111: an export names the part of the ledger that it holds', async () => {
    const data = {
      export: X,
      kind: 'supervisor' as const,
      manifestSha256: digest,
      recipientRole: 'supervisor' as const,
    }
    const of = (fromSize: number, toSize: number) =>
      given()
        .when(produceExport, { ...data, fromSize, toSize }, actor('supervisor', 63))
        .outcome()
    expect([await of(0, 9), await of(9, 0)]).toEqual(['ExportProduced', 'CGU-111 OUT_OF_ORDER'])
  })
})
