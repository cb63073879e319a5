// Appointments of every role, entities closed, and what an account holds by them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  acceptAppointment,
  proposeAppointment,
  type ProposeAppointment,
} from '../../commands/appointments.ts'
import { closeEntity } from '../../commands/closeEntity.ts'
import { endAppointment } from '../../commands/endAppointment.ts'
import { createPosts } from '../../commands/posts.ts'
import { verifyEntity, type VerifyEntity } from '../../commands/verifyEntity.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { appointment, type Appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import type { Fold } from '../../domain/kernel.ts'
import { roles, type Role } from '../../domain/lists.ts'
import { appointmentInForce } from '../../domain/policy/mandate.ts'
import { mandates, posts } from '../../domain/policy/posts.ts'
import { crosses, incompatibility, incompatibleRoles } from '../../domain/policy/separation.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

const { E, M, policy, ra, mc, digest } = f
const [L, N] = [uuid(32), uuid(33)]
const [security, caOfficer, lr] = [
  actor('securityOfficer', 11),
  actor('caOfficer', 12),
  actor('legalRepresentative', 13),
]
const mandate = (more: object = {}): ProposeAppointment['data'] => ({
  ...{ role: 'mc', entity: E, fromOn: '2026-02-01', untilOn: '2026-12-31', mandateSignedOn: '2026-02-01' },
  ...{ person: mc.person, surname: 'Garçon', givenNames: 'Noé', email: 'noe@douane.example' },
  ...more,
  ...{ appointment: M, mandate: 'mandat' },
})
const post = (role: Role, more: object = {}): AppointmentEvent =>
  f.proposed({ role, entity: undefined, mandateSignedOn: undefined, powers: [], ...more })
const inForce = (more: object = {}): AppointmentEvent[] => [f.proposed(more), f.checked, f.undertaken]
const representative = on(appointment, L, ...inForce({ role: 'legalRepresentative', person: lr.person }))
const ending = (cause: string, effectiveOn: string): AppointmentEvent =>
  ({ type: 'AppointmentEnded', data: { cause, effectiveOn } }) as AppointmentEvent
const stateOf = (...events: readonly AppointmentEvent[]): Appointment =>
  events.reduce(appointment.evolve, appointment.initial)

describe('who proposes whom', () => {
  const by = { ra, securityOfficer: security, caOfficer, lr }
  it.each(roles)('CGU-06, CGU-23, CGU-53: %s', async (role) => {
    const order = mandate({ role })
    const outcomes = await Promise.all(
      Object.values(by).map((one) =>
        given(f.employer, representative)
          .when(proposeAppointment(policy), { ...order, actingUnder: L }, one)
          .outcome(),
      ),
    )
    const yes = (isYes: boolean): string => (isYes ? 'AppointmentProposed' : 'CGU-06 ROLE_NOT_HELD')
    const isPost = (posts as readonly Role[]).includes(role)
    expect(outcomes).toEqual([
      yes((mandates as readonly Role[]).includes(role)),
      yes(isPost),
      yes(isPost),
      yes(['mc', 'accreditedRepresentative', 'authorisedPerson'].includes(role)),
    ])
  })

  it('CGU-08, CGU-62: powers are explicit; where nothing is said, an MC requests, verifies and revokes', async () => {
    const order = mandate()
    await given(f.employer)
      .when(proposeAppointment(policy), order, ra)
      .then([{ type: 'AppointmentProposed', data: { powers: ['request', 'verifyIdentity', 'revoke'] } }])
    await given(f.employer)
      .when(proposeAppointment(policy), mandate({ powers: ['request'] }), ra)
      .then([{ type: 'AppointmentProposed', data: { powers: ['request'] } }])
  })

  it.each([
    ['for another entity', { entity: N }, L, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['under nothing', {}, undefined, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['himself', { person: lr.person }, L, 'CGU-04 SELF_APPROVAL'],
    ['to a term before its beginning', { untilOn: '2026-01-31' }, L, 'CGU-23 OUT_OF_ORDER'],
  ] as const)('CGU-23: a legal representative, %s', async (...[, more, under, outcome]) => {
    const order = mandate(more)
    const acting = under === undefined ? {} : { actingUnder: under }
    expect(
      await given(f.employer, representative)
        .when(proposeAppointment(policy), { ...order, ...acting }, lr)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-24: a legal authority needs no entity, a representative does', async () => {
    const outcome = (role: Role) =>
      given()
        .when(proposeAppointment(policy), mandate({ role, entity: undefined }), ra)
        .outcome()
    expect(await outcome('legalAuthority')).toBe('AppointmentProposed')
    expect(await outcome('legalRepresentative')).toBe('CGU-24 ENTITY_NOT_VERIFIED')
  })
})

describe('its end', () => {
  const ends = (by: typeof ra, events: readonly AppointmentEvent[], effectiveOn = '2026-03-02') =>
    given(f.employer, representative, on(appointment, M, ...events))
      .when(endAppointment, { appointment: M, cause: 'withdrawn', effectiveOn, actingUnder: L }, by)
      .outcome()
  it.each([
    ['a mandate, by the RA', ra, inForce(), 'AppointmentEnded'],
    ['a post, by the RA', ra, [post('auditor')], 'CGU-06 ROLE_NOT_HELD'],
    ['a post, by the security officer', security, [post('auditor')], 'AppointmentEnded'],
    ['a mandate, by the security officer', security, inForce(), 'CGU-06 ROLE_NOT_HELD'],
    ['a mandate, by the CA officer', caOfficer, inForce(), 'CGU-06 ROLE_NOT_HELD'],
    ['an MC, by his legal representative', lr, inForce(), 'AppointmentEnded'],
    ['an MC of another entity', lr, inForce({ entity: N }), 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['another representative', lr, inForce({ role: 'legalRepresentative' }), 'CGU-06 ROLE_NOT_HELD'],
    ['by the program', f.program, inForce(), 'AppointmentEnded'],
    ['by the MC', mc, inForce(), 'CGU-06 ROLE_NOT_HELD'],
  ] as const)('CGU-23: %s', async (...[, by, events, outcome]) => {
    expect(await ends(by, events)).toBe(outcome)
  })

  it('CGU-23: one that ends later may end sooner; one that has ended never ends later', async () => {
    const leaves = [...inForce(), ending('departure', '2026-03-31')]
    expect(await ends(ra, leaves, '2026-03-10')).toBe('AppointmentEnded')
    expect(await ends(ra, leaves, '2026-04-02')).toBe('nothing')
  })

  it.each([
    ['departure', '2026-03-02', true],
    ['departure', '2026-03-01', false],
    ['departure', '2026-03-31', true],
    ['closed', '2026-03-02', true],
    ['withdrawn', '2026-03-02', false],
    ['withdrawn', '2026-03-03', true],
    ['incompatible', '2026-03-02', false],
  ] as const)('CGU-23: %s on %s, acting on 2 March: %s', async (cause, day, acts) => {
    const held = on(appointment, M, ...inForce(), ending(cause, day))
    const file = on(request, f.R, f.requested({ path: 'mandate' }))
    const order = { request: f.R, method: 'mandate', entityTieChecked: true, mandate: M } as const
    expect(await given(f.employer, held, file).when(verifyIdentity, order, mc).outcome()).toBe(
      acts ? 'IdentityVerified' : 'CGU-23 MANDATE_NOT_IN_FORCE',
    )
  })

  it.each([
    ['verified', f.employer, 'IdentityVerified'],
    ['verified to this day', f.employerUntil('2026-03-02'), 'IdentityVerified'],
    ['verified to yesterday', f.employerUntil('2026-03-01'), 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['closed', f.closedEmployer, 'CGU-23 MANDATE_NOT_IN_FORCE'],
  ] as const)('CGU-23, CGU-26: an MC whose entity is %s', async (...[, employer, outcome]) => {
    const file = on(request, f.R, f.requested({ path: 'mandate' }))
    const order = { request: f.R, method: 'mandate', entityTieChecked: true, mandate: M } as const
    expect(
      await given(employer, on(appointment, M, ...inForce()), file)
        .when(verifyIdentity, order, mc)
        .outcome(),
    ).toBe(outcome)
  })

  const day = fc.integer({ min: 1, max: 28 }).map((n) => `2026-03-${String(n).padStart(2, '0')}`)
  const cause = fc.constantFrom('departure', 'withdrawn', 'expired', 'incompatible')
  it('CGU-23: whatever day and cause, it never acts after the day of its end, nor before it is accepted', () => {
    fc.assert(
      fc.property(day, day, cause, (now, effectiveOn, why) => {
        const use = {
          person: mc.person,
          role: 'mc',
          entity: E,
          power: 'revoke',
          at: `${now}T09:00:00Z`,
        } as const
        const acts = (...events: AppointmentEvent[]) => appointmentInForce(stateOf(...events), use)
        const end = ending(why, effectiveOn)
        expect(acts(...inForce())).toBe(true)
        expect(acts(f.proposed(), f.checked)).toBe(false)
        expect(acts(f.proposed(), f.checked, end)).toBe(false)
        if (now !== effectiveOn) expect(acts(...inForce(), end)).toBe(now < effectiveOn)
      }),
      { seed: 1 },
    )
  })
})

describe('an entity', () => {
  const close = (effectiveOn: string) => ({ entity: E, cause: 'merged', effectiveOn }) as const
  it.each([
    ['verified', [f.employer], ra, '2026-03-02', 'EntityClosed'],
    ['verified, by the CA', [f.employer], caOfficer, '2026-03-01', 'EntityClosed'],
    ['verified, ahead of its day', [f.employer], ra, '2026-03-03', 'CGU-24 OUT_OF_ORDER'],
    ['verified, by an MC', [f.employer], mc, '2026-03-02', 'CGU-06 ROLE_NOT_HELD'],
    ['unknown', [], ra, '2026-03-02', 'CGU-24 OUT_OF_ORDER'],
    ['closed', [f.closedEmployer], ra, '2026-03-02', 'nothing'],
  ] as const)('CGU-24, CGU-97: closed when it is %s', async (...[, facts, by, effectiveOn, outcome]) => {
    expect(
      await given(...facts)
        .when(closeEntity, close(effectiveOn), by)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-24: verified again, on new evidence, until it is closed', async () => {
    const again: VerifyEntity['data'] = {
      ...{ entity: E, kind: 'ministry', siren: '110020013', method: 'order', name: 'Direction générale' },
      ...{ address: 'Montreuil', contact: 'bureau@douane.example', evidence: 'arrêté' },
    }
    const outcome = (...facts: (typeof f.employer)[]) =>
      given(...facts)
        .when(verifyEntity, again, ra)
        .outcome()
    expect(await outcome(f.employerUntil('2026-03-01'))).toBe('EntityVerified')
    expect(await outcome(f.closedEmployer)).toBe('CGU-24 OUT_OF_ORDER')
  })
})

describe('roles that may not be combined', () => {
  const undertaking = { appointment: M, undertakingSha256: digest, means: 'portal', others: [N] } as const
  const accepts = (role: Role, other: readonly AppointmentEvent[]) =>
    given(f.employer, on(appointment, M, post(role), f.checked), on(appointment, N, ...other))
      .when(acceptAppointment, undertaking, actor('holder', 3))
      .outcome()
  const pairs = incompatibleRoles.flatMap(({ role, with: excluded }) =>
    excluded.map((other) => [role, other] as const),
  )
  it.each(pairs)('CGU-06: %s and %s, whichever comes first', async (one, other) => {
    const held = (role: Role) => [post(role), f.checked, f.undertaken]
    expect(await accepts(one, held(other))).toBe('CGU-06 ROLES_INCOMPATIBLE')
    expect(await accepts(other, held(one))).toBe('CGU-06 ROLES_INCOMPATIBLE')
  })

  const held = [post('auditor'), f.checked, f.undertaken]
  it.each([
    ['not accepted yet', [post('auditor'), f.checked]],
    ['ended', [...held, ending('departure', '2026-03-01')]],
    ['over', [post('auditor', { untilOn: '2026-03-01' }), f.checked, f.undertaken]],
    [
      'of a term that begins later',
      [post('auditor', { fromOn: '2027-01-01', untilOn: '2027-12-31' }), f.checked, f.undertaken],
    ],
    ['of somebody else', [post('auditor', { person: uuid(77) }), f.checked, f.undertaken]],
    ['of a role that goes with it', [post('caOfficer'), f.checked, f.undertaken]],
  ] as const)('CGU-06: an RA officer whose other appointment is %s accepts', async (_title, other) => {
    expect(await accepts('raOfficer', other)).toBe('AppointmentAccepted')
  })

  it.each([
    ['raOfficer', [], 'CGU-06 ROLES_INCOMPATIBLE'],
    ['holder', [], 'AppointmentAccepted'],
    // What his account names was taken from him by the end of his appointment.
    [
      'raOfficer',
      [post('raOfficer'), ...held.slice(1), ending('departure', '2026-03-01')],
      'AppointmentAccepted',
    ],
  ] as const)('CGU-06: an auditor whose account names him %s', async (named, other, outcome) => {
    const accepting = given(on(appointment, M, post('auditor'), f.checked), on(appointment, N, ...other))
    const order = { ...undertaking, named: [named] }
    expect(await accepting.when(acceptAppointment, order, actor('holder', 3)).outcome()).toBe(outcome)
  })

  it('CGU-06: of two that crossed, each sees the other', () => {
    const [a, b] = [stateOf(...held), stateOf(post('raOfficer'), f.checked, f.undertaken)]
    expect([crosses(a as never, b, morning), crosses(b as never, a, morning)]).toEqual([true, true])
    expect(incompatibility('raOfficer', 'raOfficer')).toBeUndefined()
  })
})

describe('what an account holds', () => {
  const account = { id: 'noe', person: mc.person, roles: ['mc', 'holder'], entities: [E] } as const
  const holds = async (
    at: string,
    employer: 'verified' | 'closed',
    ...events: readonly AppointmentEvent[]
  ) => {
    const verified = { status: 'verified', siren: '1', name: undefined, validUntil: undefined } as const
    const fold: Fold = async (aggregate) =>
      (aggregate.name === 'appointment'
        ? stateOf(...events)
        : employer === 'verified'
          ? verified
          : { status: 'closed' }) as never
    const appointmentsOf = async () => (events.length === 0 ? [] : [M])
    const held = await createPosts({ fold, now: () => at, appointmentsOf }).held(account)
    return [held.roles.toSorted().join(' '), held.entities.length, held.named.length]
  }
  it.each([
    ['without an appointment', [], 'holder mc', 1],
    ['proposed', [f.proposed()], 'holder mc', 1],
    ['checked', [f.proposed(), f.checked], 'holder mc', 1],
    ['declined', [f.proposed(), ending('declined', '2026-03-01')], 'holder', 0],
    ['in force', inForce(), 'holder mc', 1],
    ['not yet', inForce({ fromOn: '2026-03-03' }), 'holder', 0],
    ['at its term', inForce({ untilOn: '2026-03-01' }), 'holder', 0],
    ['withdrawn today', [...inForce(), ending('withdrawn', '2026-03-02')], 'holder', 0],
    ['leaving today', [...inForce(), ending('departure', '2026-03-02')], 'holder mc', 1],
    ['of another person', inForce({ person: uuid(77) }), 'holder mc', 1],
    ['of another role', [post('auditor'), f.checked, f.undertaken], 'auditor holder mc', 1],
    [
      'of an ended post',
      [post('auditor'), f.checked, f.undertaken, ending('withdrawn', '2026-03-01')],
      'holder mc',
      1,
    ],
  ] as const)('CGU-06, CGU-23: %s', async (_title, events, held, entities) => {
    expect(await holds(morning, 'verified', ...events)).toEqual([held, entities, 2])
  })

  it('CGU-23: nobody acts for an entity that is closed', async () => {
    expect(await holds(morning, 'closed', ...inForce())).toEqual(['holder', 0, 2])
  })
})
