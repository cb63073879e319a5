import { describe, expect, it } from 'vitest'
import { recordKeyRecovery, startKeyRecovery, type StartKeyRecovery } from '../../commands/keys.ts'
import {
  approveRecovery,
  deliverRecovery,
  rejectRecovery,
  requestRecovery,
  type RequestRecovery,
} from '../../commands/recoveries.ts'
import { certificate } from '../../domain/certificate.ts'
import { key, type KeyEvent } from '../../domain/key.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { Ground, Role } from '../../domain/lists.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { recovery, type RecoveryEvent } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

const { K, Q, S, S2, policy, holder, officerA, officerB, officerC, program } = f
const until = '2036-03-02T09:00:00Z'
const justBefore = '2036-03-02T08:59:59Z'

const live = [on(key, K, f.bound, f.escrowed), on(certificate, S, f.planned, f.issued, f.acceptedByHolder)]

describe('a request for recovery', () => {
  const own: RequestRecovery['data'] = {
    ...{ recovery: Q, serial: S, nameGiven: 'Zoë Maëlle D’Été-Brûlé', requesterRole: 'holder' },
    ...{ requester: holder.person, ground: 'holderRequest', evidence: 'carte perdue', holderNotice: true },
  }
  const others: RequestRecovery['data'] = {
    ...own,
    ...{ requesterRole: 'legalRepresentative', requester: uuid(8), ground: 'judicial' },
  }
  const asked = (by: Actor, data: RequestRecovery['data'], at = morning) =>
    given(...live)
      .when(requestRecovery, data, by, at)
      .outcome()
  const rejected = 'RecoveryRequested RecoveryRejected'

  it.each([
    ['the serial and the name', {}, 'RecoveryRequested'],
    ['the name otherwise spelt', { nameGiven: "BRULE D'ETE maelle zoe" }, 'RecoveryRequested'],
    ['another name', { nameGiven: 'Zoë Dupont' }, rejected],
    ['half of the name', { nameGiven: 'Zoë D’Été-Brûlé' }, rejected],
    ['a serial that is nobody’s', { serial: S2 }, rejected],
    ['no name', { nameGiven: ' ' }, 'CGU-44 IDENTIFIER_INCOMPLETE'],
    ['no serial', { serial: '' }, 'CGU-44 IDENTIFIER_INCOMPLETE'],
  ])('CGU-44: identified by %s', async (_, more, outcome) => {
    expect(await asked(officerA, { ...others, ...more })).toBe(outcome)
  })

  it('CGU-44: another name is answered with the clause, and both are recorded', () =>
    given(...live)
      .when(requestRecovery, { ...others, nameGiven: 'Zoë Dupont' }, officerA)
      .then([
        { type: 'RecoveryRequested', data: { nameMatches: false, inTerm: true, recorder: officerA.person } },
        { type: 'RecoveryRejected', data: { cause: 'IDENTIFIER_MISMATCH', clause: 'CGU-44' } },
      ]))

  const grounds: readonly Ground[] = ['holderRequest', 'judicial', 'unavailability', 'lawfulAuthority']
  const [no, unfounded] = ['CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED', 'CGU-46 RECOVERY_GROUND_MISSING']
  it.each([
    ['legalRepresentative', unfounded, 'RecoveryRequested', 'RecoveryRequested', unfounded],
    ['accreditedRepresentative', unfounded, 'RecoveryRequested', 'RecoveryRequested', unfounded],
    ['legalAuthority', unfounded, 'RecoveryRequested', unfounded, 'RecoveryRequested'],
    // A holder asks in person, signed in; an officer does not type his request in.
    ['holder', no, no, no, no],
    ['mc', no, no, no, no],
    ['raOfficer', no, no, no, no],
    ['recoveryOfficer', no, no, no, no],
    ['authorisedPerson', no, no, no, no],
  ] as const)(
    'CGU-46, CGU-47: recorded for a %s, on each ground',
    async (requesterRole: Role, ...outcomes) => {
      const found = await Promise.all(
        grounds.map((ground) => asked(officerA, { ...others, requesterRole, ground })),
      )
      expect(found).toEqual(outcomes)
    },
  )

  it.each([
    ['his own key', holder, own, 'RecoveryRequested'],
    ['another’s key', actor('holder', 77), { ...own, requester: uuid(77) }, no],
    ['his own key, for somebody else', holder, { ...own, requester: uuid(77) }, no],
    ['on a ground of the authorities', holder, { ...own, ground: 'judicial' as const }, unfounded],
    ['as a representative', holder, others, no],
  ])('CGU-47: a holder asks for %s', async (...[, by, data, outcome]) => {
    expect(await asked(by, data)).toBe(outcome)
  })

  it.each([
    [justBefore, 'RecoveryRequested'],
    [until, rejected],
    ['2040-01-01T00:00:00Z', rejected],
  ])('CGU-48: judicial or not, at %s', async (at, outcome) => {
    expect(await asked(officerA, others, at)).toBe(outcome)
    expect(await asked(holder, own, at)).toBe(outcome)
  })
})

describe('approval by two officers', () => {
  const approve = { recovery: Q, statement: 'Pièces vues.', statementSha256: f.digest }
  const inAnHour = addSeconds(morning, 3600)
  const approved = (by: Actor, events: readonly RecoveryEvent[], at = morning) =>
    given(...live, on(recovery, Q, ...events))
      .when(approveRecovery(policy), approve, by, at)
      .outcome()

  it.each([
    ['an officer', officerB, [f.asked()], 'RecoveryApproved'],
    ['the officer who typed it in', officerA, [f.asked()], 'CGU-04 SELF_APPROVAL'],
    ['the requester', actor('recoveryOfficer', 8), [f.asked()], 'CGU-04 SELF_APPROVAL'],
    ['the recipient', officerB, [f.asked({ recipient: officerB.person })], 'CGU-04 SELF_APPROVAL'],
    ['the holder of the key', actor('recoveryOfficer', 1), [f.asked()], 'CGU-04 SELF_APPROVAL'],
    ['a second officer', officerC, [f.asked(), f.approvedBy(6, inAnHour)], 'RecoveryApproved'],
    [
      'the first officer again',
      officerB,
      [f.asked(), f.approvedBy(6, inAnHour)],
      'CGU-46 APPROVER_ALREADY_COUNTED',
    ],
    [
      'the first officer, once his approval has expired',
      officerB,
      [f.asked(), f.approvedBy(6, morning)],
      'RecoveryApproved',
    ],
    ['an RA officer', f.ra, [f.asked()], 'CGU-06 ROLE_NOT_HELD'],
    ['nobody asked', officerB, [], 'CGU-46 OUT_OF_ORDER'],
    [
      'a closed request',
      officerB,
      [f.asked(), { type: 'RecoveryClosed', data: { cause: 'withdrawn' } }],
      'CGU-46 OUT_OF_ORDER',
    ],
  ] as const)('CGU-04, CGU-46: %s', async (...[, by, events, outcome]) => {
    expect(await approved(by, events)).toBe(outcome)
  })

  it('CGU-48: not once the escrow has ended', async () => {
    expect(await approved(officerB, [f.asked()], justBefore)).toBe('RecoveryApproved')
    expect(await approved(officerB, [f.asked()], until)).toBe('CGU-48 ESCROW_TERM_ENDED')
  })

  it('CGU-46: an approval says how many there are, and lasts the hours of the policy', () =>
    given(...live, on(recovery, Q, f.asked(), f.approvedBy(6, inAnHour)))
      .when(approveRecovery(policy), approve, officerC)
      .then([
        {
          type: 'RecoveryApproved',
          data: { nth: 2, expiresAt: '2026-03-05T09:00:00Z', approver: officerC.person },
        },
      ]))

  const start: StartKeyRecovery['data'] = { spki: K, regime: 'approved', recovery: Q }
  const started = (events: readonly RecoveryEvent[], more: readonly KeyEvent[] = [], at = morning) =>
    given(on(key, K, f.bound, f.escrowed, ...more), on(recovery, Q, ...events))
      .when(startKeyRecovery(policy), start, program, at)
      .outcome()
  const two = [f.asked(), f.approvedBy(6, inAnHour), f.approvedBy(7, inAnHour)]

  it.each([
    ['two approvals', two, [], morning, 'KeyRecoveryStarted'],
    ['none', [f.asked()], [], morning, 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['one', [f.asked(), f.approvedBy(6, inAnHour)], [], morning, 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['two, to the last second', two, [], addSeconds(inAnHour, -1), 'KeyRecoveryStarted'],
    ['two, expired', two, [], inAnHour, 'CGU-46 RECOVERY_NOT_APPROVED'],
    [
      'one live, one expired',
      [f.asked(), f.approvedBy(6, morning), f.approvedBy(7, inAnHour)],
      [],
      morning,
      'CGU-46 RECOVERY_NOT_APPROVED',
    ],
    [
      'two, then rejected',
      [...two, { type: 'RecoveryRejected', data: { cause: 'x', clause: 'CGU-46', decider: uuid(7) } }],
      [],
      morning,
      'CGU-46 RECOVERY_NOT_APPROVED',
    ],
    ['two, delivered', [...two, f.delivered], [], morning, 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['two, the key under recovery', two, [f.recoveryStarted], morning, 'CGU-41 KEY_BUSY'],
  ] as const)('CGU-46: the key is taken out of escrow on %s', async (...[, events, more, at, outcome]) => {
    expect(await started(events, more, at)).toBe(outcome)
  })

  it('CGU-42, CGU-43, CGU-48: for a new card no approval is needed, but the term must run', async () => {
    const forCard = { spki: K, regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) } as const
    const file = on(request, uuid(12), f.requested())
    const held = given(on(key, K, f.bound, f.escrowed), file)
    expect(await held.when(startKeyRecovery(policy), forCard, program, justBefore).outcome()).toBe(
      'KeyRecoveryStarted',
    )
    expect(await held.when(startKeyRecovery(policy), forCard, program, until).outcome()).toBe(
      'CGU-48 ESCROW_TERM_ENDED',
    )
    expect(
      await given(on(key, K, f.bound))
        .when(startKeyRecovery(policy), forCard, program)
        .outcome(),
    ).toBe('CGU-38 KEY_NOT_ESCROWED')
  })

  it.each([
    ['the same person', f.requested(), 'KeyRecoveryStarted'],
    ['the same person, otherwise spelt', f.requested({ surname: 'D ETE BRULE' }), 'KeyRecoveryStarted'],
    ['his number, another name', f.requested({ surname: 'Toutautre' }), 'CGU-43 CARD_OF_ANOTHER_HOLDER'],
    ['his name, another number', f.requested({ person: uuid(77) }), 'CGU-43 CARD_OF_ANOTHER_HOLDER'],
  ])('CGU-04, CGU-43: an old key is for a new card of %s', async (_, file, outcome) => {
    const order = { spki: K, regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) } as const
    const when = given(on(key, K, f.bound, f.escrowed), on(request, uuid(12), file))
    expect(await when.when(startKeyRecovery(policy), order, program).outcome()).toBe(outcome)
  })

  const byCard: KeyEvent = {
    type: 'KeyRecoveryStarted',
    data: { regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) },
  }
  it.each([
    ['its own approved request', f.recoveryStarted, { recovery: Q }, 'KeyRecovered'],
    ['another approved request', f.recoveryStarted, { recovery: uuid(51) }, 'CGU-41 KEY_BUSY'],
    ['a session, under a request', f.recoveryStarted, { request: uuid(12), session: 1 }, 'CGU-41 KEY_BUSY'],
    ['its own session', byCard, { request: uuid(12), session: 1 }, 'KeyRecovered'],
    ['a later session', byCard, { request: uuid(12), session: 2 }, 'CGU-41 KEY_BUSY'],
    ['a request, under a session', byCard, { recovery: Q }, 'CGU-41 KEY_BUSY'],
    ['nothing that is under way', f.escrowed, { recovery: Q }, 'CGU-46 OUT_OF_ORDER'],
  ] as const)('CGU-43, CGU-46: an outcome of %s', async (...[, begun, under, outcome]) => {
    const facts = begun === f.escrowed ? [] : [begun]
    const when = given(on(key, K, f.bound, f.escrowed, ...facts))
    const order = { spki: K, under, recovered: true, outputSha256: f.digest } as const
    expect(await when.when(recordKeyRecovery, order, program).outcome()).toBe(outcome)
    const { outputSha256: _, ...failed } = {
      ...order,
      recovered: false,
      stage: 'output',
      fault: 'x',
    } as const
    expect(await when.when(recordKeyRecovery, failed, program).outcome()).toBe(
      outcome.replace('KeyRecovered', 'KeyRecoveryFailed'),
    )
  })
})

describe('the end of a request for recovery', () => {
  const order = { recovery: Q, receipt: 'remis' }
  const done = [f.recoveryStarted, f.recoveredKey]
  const otherDone = done.map(
    (event) => ({ ...event, data: { ...event.data, recovery: uuid(51) } }) as KeyEvent,
  )

  it.each([
    ['its recipient', actor('holder', 8), done, [], 'RecoveryDelivered'],
    ['an officer who hands it over', officerB, done, [], 'RecoveryDelivered'],
    ['another holder', holder, done, [], 'CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED'],
    ['an RA officer', f.ra, done, [], 'CGU-06 ROLE_NOT_HELD'],
    ['anybody, before the execution', officerB, [], [], 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['anybody, while it runs', officerB, [f.recoveryStarted], [], 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['anybody, of another request’s output', officerB, otherDone, [], 'CGU-46 RECOVERY_NOT_APPROVED'],
    ['anybody, twice', officerB, done, [f.delivered], 'CGU-46 OUT_OF_ORDER'],
  ] as const)('CGU-47: delivered to %s', async (...[, by, outcomes, more, expected]) => {
    const facts = [on(key, K, f.bound, f.escrowed, ...outcomes), on(recovery, Q, f.asked(), ...more)]
    expect(
      await given(...facts)
        .when(deliverRecovery, order, by)
        .outcome(),
    ).toBe(expected)
  })

  it.each([
    ['open', [f.asked()], 'RecoveryRejected'],
    [
      'rejected',
      [f.asked(), { type: 'RecoveryRejected', data: { cause: 'x', clause: 'CGU-46', decider: uuid(5) } }],
      'nothing',
    ],
    ['delivered', [f.asked(), f.delivered], 'CGU-46 OUT_OF_ORDER'],
    ['unknown', [], 'CGU-46 OUT_OF_ORDER'],
  ] as const)('CGU-46: one that is %s, rejected', async (...[, events, expected]) => {
    const when = given(on(recovery, Q, ...events)).when(
      rejectRecovery,
      { recovery: Q, cause: 'evidence' },
      officerB,
    )
    expect(await when.outcome()).toBe(expected)
  })
})
