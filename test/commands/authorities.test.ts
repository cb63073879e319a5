import { describe, expect, it } from 'vitest'
import {
  acceptAppointment,
  checkAppointee,
  proposeAppointment,
  type ProposeAppointment,
} from '../../commands/appointments.ts'
import { endAppointment } from '../../commands/endAppointment.ts'
import {
  installCaCertificate,
  planCaCertificate,
  planServiceKey,
  recordServiceKey,
} from '../../commands/ceremonyActs.ts'
import { adoptDocument } from '../../commands/documents.ts'
import { planCrl, recordCrl, rejectCrlPlan } from '../../commands/crls.ts'
import { appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import { authority } from '../../domain/authority.ts'
import { crl, type CrlEvent } from '../../domain/crl.ts'
import { document, inForce } from '../../domain/document.ts'
import { entity } from '../../domain/entity.ts'
import { serviceKey, type ServiceKeyEvent } from '../../domain/serviceKey.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import * as f from './facts.ts'

const { E, M, policy, ra, mc, program, issuer, digest } = f

describe('the mandate of a certification agent', () => {
  const proposal = { appointment: M, ...f.proposed().data } as ProposeAppointment['data']
  it.each([
    ['for a verified entity', f.employer, {}, ra, 'AppointmentProposed'],
    ['for an entity nobody verified', on(entity, E), {}, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['for a closed entity', f.closedEmployer, {}, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['for no entity', f.employer, { entity: undefined }, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['signed three months before', f.employer, { mandateSignedOn: '2025-12-02' }, ra, 'AppointmentProposed'],
    ['signed a day earlier', f.employer, { mandateSignedOn: '2025-12-01' }, ra, 'CGU-08 MANDATE_TOO_OLD'],
    ['not signed', f.employer, { mandateSignedOn: undefined }, ra, 'CGU-08 MANDATE_TOO_OLD'],
    ['for himself', f.employer, { person: ra.person }, ra, 'CGU-04 SELF_APPROVAL'],
    ['of a post of the service', f.employer, { role: 'caOfficer' }, ra, 'CGU-06 ROLE_NOT_HELD'],
    ['by an agent', f.employer, {}, mc, 'CGU-06 ROLE_NOT_HELD'],
  ] as const)('CGU-08, CGU-25: proposed %s', async (...[, employer, more, by, outcome]) => {
    const order = { ...proposal, ...more } as ProposeAppointment['data']
    expect(await given(employer).when(proposeAppointment(policy), order, by).outcome()).toBe(outcome)
  })

  const lives = {
    unknown: [],
    proposed: [f.proposed()],
    checked: [f.proposed(), f.checked],
    inForce: [f.proposed(), f.checked, f.undertaken],
    ended: [f.proposed(), f.ended],
  } satisfies Record<string, readonly AppointmentEvent[]>
  const after = (events: readonly AppointmentEvent[]) => {
    const start = given(f.employer, on(appointment, M, ...events))
    const undertaking = { appointment: M, undertakingSha256: digest, means: 'portal' } as const
    return Promise.all([
      start.when(proposeAppointment(policy), proposal, ra).outcome(),
      start.when(checkAppointee, { appointment: M, ...f.inPerson }, ra).outcome(),
      start.when(acceptAppointment, undertaking, mc).outcome(),
      start
        .when(endAppointment, { appointment: M, cause: 'departure', effectiveOn: '2026-03-02' }, ra)
        .outcome(),
    ])
  }
  const [no, unchecked] = ['CGU-23 OUT_OF_ORDER', 'CGU-25 OUT_OF_ORDER']
  it.each([
    ['unknown', 'AppointmentProposed', unchecked, no, no],
    ['proposed', no, 'AppointeeChecked', no, 'AppointmentEnded'],
    ['checked', no, unchecked, 'AppointmentAccepted', 'AppointmentEnded'],
    ['inForce', no, unchecked, no, 'AppointmentEnded'],
    ['ended', no, unchecked, no, 'nothing'],
  ] as const)('CGU-23, CGU-25: from %s, what each command makes of it', async (life, ...outcomes) => {
    expect(await after(lives[life])).toEqual(outcomes)
  })

  it('CGU-04, CGU-23: nobody checks himself, and only the appointee undertakes', async () => {
    const self = actor('raOfficer', 3)
    await given(on(appointment, M, ...lives.proposed))
      .when(checkAppointee, { appointment: M, ...f.inPerson }, self)
      .then('CGU-04 SELF_APPROVAL')
    await given(on(appointment, M, ...lives.checked))
      .when(
        acceptAppointment,
        { appointment: M, undertakingSha256: digest, means: 'portal' },
        actor('mc', 78),
      )
      .then('CGU-23 MANDATE_NOT_IN_FORCE')
  })
})

describe('CRL numbers', () => {
  const plan = {
    ...{ thisUpdate: '2026-03-02T09:00:00Z', nextUpdate: '2026-03-04T09:00:00Z', upTo: 10, entries: 0 },
    ...{ last: false, profileVersion: 1 },
  }
  const planned = (more: object = {}): CrlEvent => ({ type: 'CrlPlanned', data: { ...plan, ...more } })
  const outcomeData = {
    ...{ tbsSha256: digest, signatureAlgorithm: 'sha256WithRSA', signature: 'c2ln', sha256: digest },
    ...{ bytes: 1, statusTableSha256: digest },
  }
  const issued: CrlEvent = { type: 'CrlIssued', data: outcomeData }
  const turnedDown: CrlEvent = { type: 'CrlPlanRejected', data: { cause: 'lint', findings: ['x'] } }
  const name = { issuer, number: 2 }

  it.each([
    ['after its predecessor', [planned(), issued], [], 'CrlPlanned'],
    ['without a predecessor', [], [], 'CGU-05 CRL_NUMBER_NOT_NEXT'],
    ['while its predecessor is planned', [planned()], [], 'CGU-05 CRL_NUMBER_NOT_NEXT'],
    ['after a predecessor that was turned down', [planned(), turnedDown], [], 'CGU-05 CRL_NUMBER_NOT_NEXT'],
    [
      'after more of the ledger than it covers',
      [planned({ upTo: 11 }), issued],
      [],
      'CGU-05 CRL_NUMBER_NOT_NEXT',
    ],
    ['after the last one', [planned({ last: true }), issued], [], 'CGU-87 CRL_SERIES_ENDED'],
    ['twice', [planned(), issued], [planned()], 'nothing'],
    ['once issued', [planned(), issued], [planned(), issued], 'nothing'],
    ['again, once turned down', [planned(), issued], [planned(), turnedDown], 'CrlPlanned'],
  ] as const)('CGU-05, CGU-87: number 2 planned %s', async (...[, before, own, outcome]) => {
    const facts = [on(crl, `${issuer}-1`, ...before), on(crl, `${issuer}-2`, ...own)]
    expect(
      await given(...facts)
        .when(planCrl, { ...name, ...plan }, program)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-05: a CRL names the digest of the one before', () =>
    given(on(crl, `${issuer}-1`, planned(), issued))
      .when(planCrl, { ...name, ...plan }, program)
      .then([{ type: 'CrlPlanned', data: { previousSha256: digest } }]))

  it.each([
    ['none', [], 'CGU-05 OUT_OF_ORDER', 'CGU-05 OUT_OF_ORDER'],
    ['planned', [planned()], 'CrlIssued', 'CrlPlanRejected'],
    ['issued', [planned(), issued], 'nothing', 'CGU-05 OUT_OF_ORDER'],
    ['turned down', [planned(), turnedDown], 'CGU-05 OUT_OF_ORDER', 'CGU-05 OUT_OF_ORDER'],
  ] as const)('CGU-05: one that is %s, recorded or turned down', async (...[, events, ...outcomes]) => {
    const start = given(on(crl, `${issuer}-2`, ...events))
    const found = [
      await start.when(recordCrl, { ...name, ...outcomeData }, program).outcome(),
      await start.when(rejectCrlPlan, { ...name, cause: 'lint', findings: ['x'] }, program).outcome(),
    ]
    expect(found).toEqual(outcomes)
  })
})

describe('the ceremony', () => {
  const id = uuid(70)
  const planning = { purpose: 'ca', algorithm: 'rsa4096', scriptSha256: digest, present: 'témoins' } as const
  const making = {
    ...{ spkiSha256: digest, module: 'software', token: 'software', attributesSha256: digest },
    ...{ minutesSha256: digest, present: 'témoins' },
  }
  const planned: ServiceKeyEvent = { type: 'ServiceKeyPlanned', data: planning }
  const made: ServiceKeyEvent = { type: 'ServiceKeyGenerated', data: making }
  it.each([
    ['unknown', [], 'ServiceKeyPlanned', 'CGU-06 OUT_OF_ORDER'],
    ['planned', [planned], 'nothing', 'ServiceKeyGenerated'],
    ['live', [planned, made], 'nothing', 'nothing'],
  ] as const)('CGU-06: a service key that is %s, planned or made', async (...[, events, ...outcomes]) => {
    const start = given(on(serviceKey, id, ...events))
    const found = [
      await start.when(planServiceKey, { servicekey: id, ...planning }, program).outcome(),
      await start.when(recordServiceKey, { servicekey: id, ...making }, program).outcome(),
    ]
    expect(found).toEqual(outcomes)
  })

  it('CGU-13: a certificate of an authority is planned once; another plan, or one of what is installed, changes nothing', async () => {
    const plan = { tbs: 'dGJz', notAfter: '2036-01-01T00:00:00Z', servicekey: id, signer: id }
    await given()
      .when(planCaCertificate, { issuer, ...plan }, program)
      .then([{ type: 'CaCertificatePlanned' }])
    await given(on(authority, issuer, { type: 'CaCertificatePlanned', data: plan }))
      .when(planCaCertificate, { issuer, ...plan, tbs: 'b3RoZXI=' }, program)
      .then([])
    const more = { der: 'ZGVy', sha256: digest, rootSha256: digest, notAfter: plan.notAfter, servicekey: id }
    await given(on(authority, issuer, { type: 'CaCertificateInstalled', data: more }))
      .when(planCaCertificate, { issuer, ...plan }, program)
      .then([])
  })

  it('CGU-13: an authority is installed once; another certificate changes nothing', async () => {
    const data = {
      der: 'ZGVy',
      sha256: digest,
      rootSha256: digest,
      notAfter: '2036-01-01T00:00:00Z',
      servicekey: id,
    }
    await given()
      .when(installCaCertificate, { issuer, ...data }, program)
      .then([{ type: 'CaCertificateInstalled' }])
    await given(on(authority, issuer, { type: 'CaCertificateInstalled', data }))
      .when(installCaCertificate, { issuer, ...data, der: 'b3RoZXI=' }, program)
      .then([])
  })

  it('CGU-19: a version is adopted once, never with other content, and is in force from its date', async () => {
    const version = {
      version: '2.0',
      sha256: digest,
      effectiveFrom: '2027-01-01T00:00:00Z',
      approvedBy: 'supervisor',
    } as const
    const adopted = on(document, 'cgu', { type: 'DocumentAdopted', data: version })
    const order = { kind: 'cgu', ...version } as const
    await given(f.cguInForce)
      .when(adoptDocument, order, program)
      .then([{ type: 'DocumentAdopted' }])
    await given(adopted).when(adoptDocument, order, program).then([])
    await given(adopted)
      .when(adoptDocument, { ...order, sha256: 'e'.repeat(64) }, program)
      .then('CGU-19 OUT_OF_ORDER')
    const state = {
      versions: [{ version: '1.0', sha256: digest, effectiveFrom: '2026-01-01T00:00:00Z' }, version],
    }
    const at = [
      '2025-12-31T23:59:59Z',
      '2026-01-01T00:00:00Z',
      '2026-12-31T23:59:59Z',
      '2027-01-01T00:00:00Z',
    ]
    expect(at.map((instant) => inForce(state, instant)?.version)).toEqual([undefined, '1.0', '1.0', '2.0'])
  })
})
