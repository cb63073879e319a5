import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordComponentRun } from '../../commands/componentRuns.ts'
import {
  commissionComponent,
  declareComponent,
  modifyComponent,
  retireComponent,
} from '../../commands/components.ts'
import { completeControl, orderControl } from '../../commands/controls.ts'
import { closeDispute, openDispute } from '../../commands/disputes.ts'
import { certificate } from '../../domain/certificate.ts'
import { component, type Component, type ComponentEvent } from '../../domain/component.ts'
import { controlDueOn, inService, notInService, verdictOn } from '../../domain/policy/components.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import { acceptedByHolder, digest, issued, planned, S } from './facts.ts'
import * as f from './controlsFacts.ts'

const { A1, A2, D, L, desk, litigation } = f
const declaration = { component: D, kind: 'desk', ra: 'dgddi', configurationSha256: digest } as const
const modification = { component: D, significant: true, configurationSha256: digest }
const order = { component: D, control: A1, scope: 'commissioning', dueOn: '2026-03-31' } as const
const completion = {
  component: D,
  control: A1,
  verdict: 'passed',
  completedOn: '2026-03-02',
  findingCount: 2,
  reportSha256: digest,
} as const

describe('components', () => {
  it('CGU-124: declared with who declared it; once', async () => {
    await given()
      .when(declareComponent, declaration, f.caOfficer)
      .then([{ type: 'ComponentDeclared', data: { kind: 'desk', ra: 'dgddi', author: f.caOfficer.person } }])
    await given(desk(f.declared)).when(declareComponent, declaration, f.operator).then('CGU-124 OUT_OF_ORDER')
    await given().when(declareComponent, declaration, f.auditor).then('CGU-06 ROLE_NOT_HELD')
  })

  const before = [f.declared, f.ordered(A1)]
  const service = [...before, f.completed(A1), f.commissioned(A1)]
  it.each([
    ['never declared', [], 'CGU-124 OUT_OF_ORDER'],
    ['never controlled', [f.declared], 'CGU-124 COMPONENT_NOT_CONTROLLED'],
    ['only ordered', before, 'CGU-124 COMPONENT_NOT_CONTROLLED'],
    ['failed', [...before, f.completed(A1, 'failed')], 'CGU-124 COMPONENT_NOT_CONTROLLED'],
    ['to be confirmed', [...before, f.completed(A1, 'toConfirm')], 'CGU-124 COMPONENT_NOT_CONTROLLED'],
    ['passed', [...before, f.completed(A1)], 'ComponentCommissioned'],
    [
      'passed, then failed',
      [...before, f.completed(A1), f.ordered(A2), f.completed(A2, 'failed')],
      'CGU-124 COMPONENT_NOT_CONTROLLED',
    ],
    ['in service already', service, 'nothing'],
    ['retired', [...service, f.retired], 'CGU-124 OUT_OF_ORDER'],
    [
      'changed before service',
      [...before, f.completed(A1), f.changed(true)],
      'CGU-125 COMPONENT_NOT_CONTROLLED',
    ],
    ['changed since', [...service, f.changed(true)], 'CGU-125 COMPONENT_NOT_CONTROLLED'],
    ['changed a little, in service', [...service, f.changed(false)], 'nothing'],
    ['changed a little, declared', [...before, f.completed(A1), f.changed(false)], 'ComponentCommissioned'],
    [
      'controlled again after the change',
      [...service, f.changed(true), f.ordered(A2, 'modification'), f.completed(A2)],
      'ComponentCommissioned',
    ],
  ] as const)('CGU-124, CGU-125: commissioned only once controlled: %s', async (_, events, expected) => {
    const facts = events.length === 0 ? [] : [desk(...events)]
    expect(
      await given(...facts)
        .when(commissionComponent, { component: D }, f.caOfficer)
        .outcome(),
    ).toBe(expected)
  })

  it('CGU-124: the event names the control that it stands on', async () => {
    await given(desk(f.declared, f.ordered(A1), f.completed(A1), f.ordered(A2), f.completed(A2)))
      .when(commissionComponent, { component: D }, f.caOfficer)
      .then([{ type: 'ComponentCommissioned', data: { control: A2 } }])
  })

  it('CGU-04: the auditor of the control does not commission what he has controlled', async () => {
    await given(desk(f.declared, f.ordered(A1), f.completed(A1)))
      .when(commissionComponent, { component: D }, f.auditorAsCa)
      .then('CGU-04 SELF_APPROVAL')
  })

  it('CGU-124: a component that is not in service is refused, whatever it waits for', () => {
    const fold = (...events: readonly ComponentEvent[]): Component =>
      events.reduce(component.evolve, component.initial)
    const out = { refused: { code: 'COMPONENT_NOT_IN_SERVICE', clause: 'CGU-124' } }
    for (const events of [[], [f.declared], [...service, f.changed(true)], [...service, f.retired]])
      expect(notInService(fold(...events))).toMatchObject(out)
    expect(notInService(fold(...service))).toBeUndefined()
    expect(notInService(fold(...service, f.changed(false)))).toBeUndefined()
  })

  it('CGU-125: modified and retired by those who run it, and not before it is there', async () => {
    await given(desk(...service))
      .when(modifyComponent, modification, f.operator)
      .then([
        {
          type: 'ComponentModified',
          data: { significant: true, changedOn: '2026-03-02', author: f.operator.person },
        },
      ])
    await given().when(modifyComponent, modification, f.operator).then('CGU-124 OUT_OF_ORDER')
    await given(desk(f.declared, f.retired))
      .when(modifyComponent, modification, f.operator)
      .then('CGU-124 OUT_OF_ORDER')
    const retirement = { component: D, cause: 'replaced' }
    await given(desk(f.declared)).when(retireComponent, retirement, f.caOfficer).then([f.retired])
    await given(desk(f.declared, f.retired)).when(retireComponent, retirement, f.caOfficer).then([])
    await given().when(retireComponent, retirement, f.caOfficer).then('CGU-124 OUT_OF_ORDER')
  })

  it('CGU-107: a fault that lasts is found once, and only what was found is cleared', async () => {
    const found = {
      type: 'ComponentFaultFound',
      data: { kind: 'siteDown', subject: 'https://igc.example/a' },
    } as const
    const cleared = { type: 'ComponentFaultCleared', data: found.data } as const
    const record = (
      run: Parameters<typeof recordComponentRun.decide>[0]['data']['run'],
      ...facts: ComponentEvent[]
    ) =>
      given(desk(f.declared, ...facts)).when(recordComponentRun, { component: D, run }, actor('program', 4))
    await record(found).then([found])
    await record(found, found).then([])
    await record(cleared, found).then([cleared])
    await record(cleared).then([])
    await record(found, found, cleared).then([found])
    const started = {
      type: 'ComponentStarted',
      data: { configurationSha256: digest, planned: true },
    } as const
    await record(started).then([started])
    await given()
      .when(recordComponentRun, { component: D, run: started }, actor('program', 4))
      .then('CGU-124 OUT_OF_ORDER')
  })
})

describe('controls', () => {
  it('CGU-122: ordered by the Comité, or by the CA, with the day by which it is due', async () => {
    for (const by of [f.supervisor, f.caOfficer])
      await given(desk(f.declared))
        .when(orderControl, order, by)
        .then([{ type: 'ControlOrdered', data: { control: A1, orderedBy: by.role, dueOn: '2026-03-31' } }])
    await given(desk(f.declared)).when(orderControl, order, f.auditor).then('CGU-122 ROLE_NOT_HELD')
  })

  it.each([
    ['not declared', [], 'commissioning', 'CGU-122 OUT_OF_ORDER'],
    ['retired', [f.declared, f.retired], 'policy', 'CGU-122 OUT_OF_ORDER'],
    ['one of its scope runs', [f.declared, f.ordered(A2)], 'commissioning', 'CGU-122 OUT_OF_ORDER'],
    ['one of another scope runs', [f.declared, f.ordered(A2, 'policy')], 'commissioning', 'ControlOrdered'],
    ['its own id is used up', [f.declared, f.ordered(A1), f.completed(A1)], 'policy', 'CGU-122 OUT_OF_ORDER'],
    ['nothing to confirm', [f.declared], 'confirmation', 'CGU-122 OUT_OF_ORDER'],
    [
      'something to confirm',
      [f.declared, f.ordered(A2), f.completed(A2, 'toConfirm')],
      'confirmation',
      'ControlOrdered',
    ],
  ] as const)('CGU-122: %s', async (_, events, scope, expected) => {
    const facts = events.length === 0 ? [] : [desk(...events)]
    expect(
      await given(...facts)
        .when(orderControl, { ...order, scope }, f.supervisor)
        .outcome(),
    ).toBe(expected)
  })

  it.each([
    ['passed', {}, 'ControlCompleted'],
    ['failed', { verdict: 'failed' }, 'ControlCompleted'],
    ['to be confirmed by a day', { verdict: 'toConfirm', confirmBy: '2026-06-01' }, 'ControlCompleted'],
    ['to be confirmed, no day', { verdict: 'toConfirm' }, 'CGU-122 OUT_OF_ORDER'],
    ['to be confirmed before', { verdict: 'toConfirm', confirmBy: '2026-03-01' }, 'CGU-122 OUT_OF_ORDER'],
    ['passed, with a day', { confirmBy: '2026-06-01' }, 'CGU-122 OUT_OF_ORDER'],
    ['completed tomorrow', { completedOn: '2026-03-03' }, 'CGU-122 OUT_OF_ORDER'],
    ['never ordered', { control: A2 }, 'CGU-122 OUT_OF_ORDER'],
  ] as const)('CGU-123: a verdict has what it needs: %s', async (_, more, expected) => {
    const given_ = given(desk(f.declared, f.ordered(A1)))
    expect(await given_.when(completeControl, { ...completion, ...more }, f.auditor).outcome()).toBe(expected)
  })

  it('CGU-125: what was controlled before a significant change is no control of what it has become', async () => {
    const changed = { ...f.changed(true), data: { ...f.changed(true).data, changedOn: '2026-03-02' } }
    const start = (scope: 'modification' | 'policy') =>
      given(desk(f.declared, changed as typeof f.declared, f.ordered(A1, scope)))
    const before = { ...completion, completedOn: '2026-03-01' }
    await start('modification').when(completeControl, before, f.auditor).then('CGU-125 OUT_OF_ORDER')
    const after = { ...completion, completedOn: '2026-03-02' }
    expect(await start('modification').when(completeControl, after, f.auditor).outcome()).toBe(
      'ControlCompleted',
    )
    expect(await start('policy').when(completeControl, before, f.auditor).outcome()).toBe('ControlCompleted')
  })

  it('CGU-123: what was not confirmed by its day is confirmed no more: a control anew has to be ordered', async () => {
    const facts = desk(f.declared, f.ordered(A1), f.completed(A1, 'toConfirm'), f.ordered(A2, 'confirmation'))
    const confirm = (completedOn: string) =>
      given(facts)
        .when(completeControl, { ...completion, control: A2, completedOn }, f.auditor, '2026-05-01T09:00:00Z')
        .outcome()
    expect(await confirm('2026-04-01')).toBe('ControlCompleted')
    expect(await confirm('2026-04-02')).toBe('CGU-123 OUT_OF_ORDER')
  })

  it.each([
    ['the policy', [f.ordered(A1, 'policy'), f.completed(A1)], 'CGU-124 COMPONENT_NOT_CONTROLLED'],
    [
      'the policy, failed, after its own was passed',
      [f.ordered(A1), f.completed(A1), f.ordered(A2, 'policy'), f.completed(A2, 'failed')],
      'ComponentCommissioned',
    ],
  ] as const)('CGU-124: « de cette composante »: a control of %s', async (_, events, outcome) => {
    const facts = desk(f.declared, ...events)
    expect(await given(facts).when(commissionComponent, { component: D }, f.caOfficer).outcome()).toBe(
      outcome,
    )
  })

  it('CGU-123: a control is completed once', async () => {
    await given(desk(f.declared, f.ordered(A1), f.completed(A1, 'failed')))
      .when(completeControl, completion, f.auditor)
      .then('CGU-122 OUT_OF_ORDER')
  })

  it('CGU-04: who has declared or changed a component does not control it, whatever his role', async () => {
    const facts = desk(f.declared, f.changed(false), f.ordered(A1))
    for (const by of [f.caAsAuditor, f.operatorAsAuditor])
      await given(facts).when(completeControl, completion, by).then('CGU-04 SELF_APPROVAL')
    await given(facts)
      .when(completeControl, completion, f.auditor)
      .then([{ type: 'ControlCompleted', data: { auditor: f.auditor.person, findingCount: 2 } }])
  })

  it('CGU-123: « à confirmer » has failed once its day has passed; the next control is due within two years', () => {
    const open = { verdict: 'toConfirm', confirmBy: '2026-06-01' } as const
    expect(verdictOn(open, '2026-06-01')).toBe('toConfirm')
    expect(verdictOn(open, '2026-06-02')).toBe('failed')
    expect(verdictOn({ verdict: 'passed', confirmBy: undefined }, '2099-01-01')).toBe('passed')
    expect(controlDueOn('2026-03-02', 24)).toBe('2028-03-02')
    expect(controlDueOn('2024-02-29', 24)).toBe('2026-02-28')
    expect(controlDueOn('2026-11-30', 3)).toBe('2027-02-28')
  })
})

describe('disputes', () => {
  const opening = {
    dispute: L,
    channel: 'phone',
    tool: 'assistance',
    holder: uuid(1),
    ticket: 'TK-17',
  } as const
  it.each([
    ['his own', uuid(1), 'DisputeOpened'],
    ['another one’s', uuid(2), 'CGU-73 CERTIFICATE_UNKNOWN'],
  ])('CGU-119: about a certificate that is %s', async (_, holder, outcome) => {
    const facts = on(certificate, S, planned, issued, acceptedByHolder)
    const order = { ...opening, holder, serial: S }
    expect(await given(facts).when(openDispute, order, f.support).outcome()).toBe(outcome)
    const unknown = { ...opening, serial: `4${'9'.repeat(31)}` }
    await given().when(openDispute, unknown, f.support).then('CGU-73 CERTIFICATE_UNKNOWN')
  })

  it('CGU-119, CGU-120: opened by the support for a holder, with the ticket that follows it; closed once', async () => {
    await given()
      .when(openDispute, opening, f.support)
      .then([{ type: 'DisputeOpened', data: { ticket: 'TK-17' } }])
    await given().when(openDispute, opening, actor('holder', 1)).then('CGU-06 ROLE_NOT_HELD')
    await given(litigation(f.opened)).when(openDispute, opening, f.support).then('CGU-119 OUT_OF_ORDER')
    const closing = { dispute: L, outcome: 'settled' } as const
    await given(litigation(f.opened)).when(closeDispute, closing, f.support).then([f.closed])
    await given(litigation(f.opened, f.closed)).when(closeDispute, closing, f.support).then([])
    await given().when(closeDispute, closing, f.support).then('CGU-119 OUT_OF_ORDER')
  })

  it('CGU-04: nobody closes a dispute of his own', async () => {
    await given(litigation(f.opened))
      .when(closeDispute, { dispute: L, outcome: 'rejected' }, actor('supportAgent', 1))
      .then('CGU-04 SELF_APPROVAL')
  })
})

describe('any order of commands', () => {
  type Decided = ReturnType<typeof declareComponent.decide>
  const words = ['modify', 'small', 'order', 'order', 'complete', 'complete', 'commission', 'retire'] as const
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom(...words),
      who: fc.constantFrom(11, 12, 13, 14),
      verdict: fc.constantFrom('passed', 'passed', 'failed', 'toConfirm'),
      scope: fc.constantFrom('policy', 'commissioning', 'modification', 'confirmation'),
      pick: fc.nat(9),
    }),
    { minLength: 10, maxLength: 40, size: 'max' },
  )
  type Step = (typeof steps extends fc.Arbitrary<infer T> ? T : never)[number]

  /** What the deciders answer to a step. `n` makes ids that never come twice. */
  const decide = ({ what, who, verdict, scope, pick }: Step, state: Component, n: number): Decided => {
    const by = actor(what === 'complete' ? 'auditor' : 'caOfficer', who)
    const open = 'ordered' in state ? state.ordered : []
    const control = open[pick % Math.max(1, open.length)]?.id ?? uuid(1)
    const confirmBy = verdict === 'toConfirm' ? { confirmBy: '2026-06-01' } : {}
    const order = (data: object) =>
      ({ type: '', id: uuid(99), data: { component: D, ...data }, by, at: '2026-03-02T09:00:00Z' }) as never
    const change = { significant: what === 'modify', configurationSha256: digest }
    switch (what) {
      case 'modify':
      case 'small':
        return modifyComponent.decide(order(change), state, undefined)
      case 'order':
        return orderControl.decide(order({ control: uuid(n), scope, dueOn: '2026-03-31' }), state, undefined)
      case 'complete':
        return completeControl.decide(
          order({ ...completion, control, verdict, ...confirmBy }),
          state,
          undefined,
        )
      case 'commission':
        return commissionComponent.decide(order({}), state, undefined)
      case 'retire':
        return pick > 0 ? { accepted: [] } : retireComponent.decide(order({ cause: 'x' }), state, undefined)
    }
  }

  const passedSince = (log: readonly ComponentEvent[]): boolean => {
    const since = log.findLastIndex(
      ({ type, data }) => type === 'ComponentDeclared' || (type === 'ComponentModified' && data.significant),
    )
    return log.slice(since).some(({ type, data }) => type === 'ControlCompleted' && data.verdict === 'passed')
  }
  const authors = (log: readonly ComponentEvent[]): readonly unknown[] =>
    log.flatMap(({ type, data }) =>
      type === 'ComponentDeclared' || type === 'ComponentModified' ? [data.author] : [],
    )

  it('CGU-124, CGU-125: in service only on a control passed since the last significant change, by another person', () => {
    let reached = 0
    fc.assert(
      fc.property(steps, (plan) => {
        const log: ComponentEvent[] = [f.declared]
        let state = component.evolve(component.initial, f.declared)
        for (const [n, step] of plan.entries()) {
          const decision = decide(step, state, 1000 + n)
          for (const event of 'accepted' in decision ? decision.accepted : []) {
            if (event.type === 'ControlCompleted') expect(authors(log)).not.toContain(event.data.auditor)
            log.push(event)
            state = component.evolve(state, event)
          }
          if (!inService(state)) continue
          reached += 1
          expect(passedSince(log)).toBe(true)
        }
      }),
      { numRuns: 500, seed: 20260302 },
    )
    expect(reached).toBeGreaterThan(100)
  })
})
