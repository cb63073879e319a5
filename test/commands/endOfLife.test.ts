import { describe, expect, it } from 'vitest'
import { planCertificate, type PlanCertificate } from '../../commands/certificates.ts'
import { planServiceKey, recordServiceKey } from '../../commands/ceremonyActs.ts'
import { planCrl, recordCrl, recordCrlPublication } from '../../commands/crls.ts'
import {
  completeRevocations,
  declareTermination,
  planCaRevocation,
  recordCaRevocation,
  resumeIssuance,
  stopIssuance,
  transferObligations,
} from '../../commands/endOfLife.ts'
import { planFinalOcsp, recordFinalOcsp, recordOcspActivity } from '../../commands/ocspRecords.ts'
import {
  planServiceKeyDestruction,
  recordDeniedKeyUse,
  recordServiceKeyCopy,
  recordDestructionUnseen,
  recordServiceKeyDestruction,
} from '../../commands/serviceKeys.ts'
import { openSession } from '../../commands/sessions.ts'
import { terminateCertificate } from '../../commands/terminateCertificate.ts'
import { whileIssuing } from '../../commands/whileIssuing.ts'
import { crl } from '../../domain/crl.ts'
import { authority } from '../../domain/authority.ts'
import { certificate } from '../../domain/certificate.ts'
import { key as keyAggregate } from '../../domain/key.ts'
import { obligations } from '../../domain/lists.ts'
import { request } from '../../domain/request.ts'
import { serviceKey } from '../../domain/serviceKey.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as e from './endOfLifeFacts.ts'
import * as f from './facts.ts'

const { issuer, digest, policy, program, S, R, K } = f
const { ca, so } = e
type Fact = ReturnType<typeof e.life>

describe('the authority, from each of its states', () => {
  const each = async (outcome: (fact: Fact) => Promise<string>) =>
    Object.fromEntries(await Promise.all(e.states.map(async (s) => [s, await outcome(e.life(s))] as const)))
  const no = 'CGU-80 OUT_OF_ORDER'

  it('CGU-80: issuance is stopped at any time, and for good after the declaration', async () => {
    const stop = (by = ca, cause: 'control' | 'termination' = 'control') =>
      each((fact) => given(fact).when(stopIssuance, { issuer, cause }, by).outcome())
    const outcomes = {
      ...{ unknown: no, active: 'IssuanceStopped', stopped: 'nothing', terminating: 'IssuanceStopped' },
      ...{ stoppedForGood: 'nothing', emptied: 'nothing', escrowHandedOver: 'nothing' },
      ...{ transferred: 'nothing', revoked: 'nothing' },
    }
    expect(await stop()).toEqual(outcomes)
    expect(await stop(so)).toEqual(outcomes)
    expect(await stop(ca, 'termination')).toEqual({ ...outcomes, active: no })
  })

  it('CGU-80: issuance is resumed by the officer of the authority, never once the end is declared', async () => {
    expect(await each((fact) => given(fact).when(resumeIssuance, { issuer }, ca).outcome())).toEqual({
      ...{ unknown: no, active: 'nothing', stopped: 'IssuanceResumed', terminating: no },
      ...{ stoppedForGood: no, emptied: no, escrowHandedOver: no, transferred: no, revoked: no },
    })
    await given(e.life('stopped')).when(resumeIssuance, { issuer }, so).then('CGU-06 ROLE_NOT_HELD')
  })

  const declaration = {
    ...({ issuer, kind: 'total', ceasesOn: e.ceasesOn, actingParty: 'ca', deedSha256: digest } as const),
  }
  it('CGU-80, CGU-81: the end is declared once, the notice period ahead', async () => {
    const declare = declareTermination(policy)
    expect(await each((fact) => given(fact).when(declare, declaration, ca).outcome())).toEqual({
      ...{ unknown: no, active: 'TerminationDeclared', stopped: 'TerminationDeclared', terminating: no },
      ...{ stoppedForGood: no, emptied: no, escrowHandedOver: no, transferred: no, revoked: no },
    })
    await given(e.life('active'))
      .when(declare, { ...declaration, ceasesOn: '2026-06-01' }, ca)
      .then('CGU-81 PARAMETER_OUT_OF_BOUNDS')
    await given(on(authority, issuer, e.root))
      .when(declare, declaration, ca)
      .then(no)
  })

  const counted = { issuer, ...e.count, planned: 0, untold: 0 }
  it('CGU-85: the revocations are completed after the stop for good alone', async () => {
    const early = 'CGU-85 OUT_OF_ORDER'
    expect(
      await each((fact) => given(fact).when(completeRevocations, counted, program, e.ceased).outcome()),
    ).toEqual({
      ...{ unknown: early, active: early, stopped: early, terminating: early },
      ...{ stoppedForGood: 'RevocationsCompleted', emptied: 'nothing', transferred: 'nothing' },
      escrowHandedOver: 'nothing',
      revoked: 'nothing',
    })
  })

  it.each([
    ['everything is expired or revoked', {}, e.ceased, 'RevocationsCompleted'],
    ['one is valid', { issued: 4 }, e.ceased, 'CGU-85 CERTIFICATES_STILL_VALID'],
    ['one is under way', { planned: 1 }, e.ceased, 'CGU-85 CERTIFICATES_STILL_VALID'],
    ['somebody was not told', { untold: 1 }, e.ceased, 'CGU-84 OUT_OF_ORDER'],
    ['the notice period runs to its last second', {}, '2026-06-01T21:59:59Z', 'CGU-84 OUT_OF_ORDER'],
    ['the notice period has run', {}, '2026-06-01T22:00:00Z', 'RevocationsCompleted'],
  ] as const)('CGU-84, CGU-85: completed when %s', async (...[, more, at, outcome]) => {
    const when = given(e.life('stoppedForGood')).when(
      completeRevocations,
      { ...counted, ...more },
      program,
      at,
    )
    expect(await when.outcome()).toBe(outcome)
  })

  const handed = { issuer, ...e.transferred.data, lastCrl: 2 } as Parameters<
    typeof transferObligations.decide
  >[0]['data']
  const finished = [
    e.lastList(e.planned, e.signedList, e.published),
    e.answers(e.answersPlanned, e.answersSigned),
  ]
  it.each([
    ['every one of the list', finished, {}, 'ObligationsTransferred'],
    ...obligations.map(
      (left) =>
        [
          `all but ${left}`,
          finished,
          { obligations: obligations.filter((one) => one !== left) },
          'CGU-82 OBLIGATIONS_MISSING',
        ] as const,
    ),
    [
      'before the last list is published',
      [e.lastList(e.planned, e.signedList), finished[1]!],
      {},
      'CGU-86 LAST_CRL_MISSING',
    ],
    [
      'before the last answers are signed',
      [finished[0]!, e.answers(e.answersPlanned)],
      {},
      'CGU-88 FINAL_ANSWERS_INCOMPLETE',
    ],
  ] as const)('CGU-82, CGU-83: obligations transferred, %s', async (...[, facts, more, outcome]) => {
    const when = given(e.life('escrowHandedOver'), ...(facts as readonly Fact[])).when(
      transferObligations,
      { ...handed, ...more },
      ca,
      e.ceased,
    )
    expect(await when.outcome()).toBe(outcome)
  })

  const arl = { issuer, ...e.revoked.data } as Parameters<typeof recordCaRevocation.decide>[0]['data']
  it.each([
    ['destroyed', 'transferred', [e.doomed, e.destroyed], 'CaCertificateRevoked'],
    ['ordered to be destroyed', 'transferred', [e.doomed], 'CGU-90 CA_KEY_NOT_DESTROYED'],
    ['live', 'transferred', [], 'CGU-90 CA_KEY_NOT_DESTROYED'],
    ['destroyed, the obligations nobody’s', 'emptied', [e.doomed, e.destroyed], 'CGU-91 OUT_OF_ORDER'],
    ['destroyed, a second time', 'revoked', [e.doomed, e.destroyed], 'nothing'],
  ] as const)(
    'CGU-90, CGU-91: the root’s revocation recorded, the key %s',
    async (...[, state, events, outcome]) => {
      const when = given(e.life(state), e.caKey(...events)).when(recordCaRevocation, arl, ca, e.ceased)
      expect(await when.outcome()).toBe(outcome)
      const order = { ...e.revocation, second: { person: so.person, roles: [so.role] } }
      const planned = given(e.life(state), e.caKey(...events)).when(planCaRevocation, order, ca, e.ceased)
      expect(await planned.outcome()).toBe(outcome.replace('CaCertificateRevoked', 'CaRevocationPlanned'))
    },
  )

  it.each([
    ['in the list that has it', {}, 'CaCertificateRevoked'],
    ['in another list', { arlSha256: 'f'.repeat(64) }, 'CGU-91 OUT_OF_ORDER'],
    ['in a list that is not there', { arlNumber: '8' }, 'CGU-91 OUT_OF_ORDER'],
    ['from another time on', { revokedAt: '2026-06-01T00:00:00Z' }, 'CGU-91 OUT_OF_ORDER'],
  ] as const)('CGU-91: planned in a ceremony, it is recorded %s alone', async (...[, more, outcome]) => {
    const { issuer: _, ...data } = e.revocation
    const facts = [
      on(authority, issuer, ...e.lives.transferred, { type: 'CaRevocationPlanned', data }),
      e.caKey(e.doomed, e.destroyed),
      on(crl, `${e.revocation.root}-7`, e.planned, e.signedList),
    ]
    const when = given(...facts).when(recordCaRevocation, { ...arl, ...more }, ca, e.ceased)
    expect(await when.outcome()).toBe(outcome)
  })
})

describe('nothing is certified once issuance is stopped', () => {
  const bound = on(keyAggregate, K, f.bound, f.escrowed)
  const plan = { ...f.planned.data, serial: S } as PlanCertificate['data']
  it.each([
    ['active', 'CertificatePlanned'],
    ['stopped', 'CGU-80 ISSUANCE_STOPPED'],
    ['terminating', 'CertificatePlanned'],
    ['stoppedForGood', 'CGU-80 ISSUANCE_STOPPED'],
    ['emptied', 'CGU-80 ISSUANCE_STOPPED'],
    ['revoked', 'CGU-80 ISSUANCE_STOPPED'],
  ] as const)('CGU-80: a certificate planned while the authority is %s', async (state, outcome) => {
    const when = given(e.life(state), bound).when(planCertificate(policy), plan, program)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-80: a stop during which the end is declared goes on', () =>
    given(on(authority, issuer, e.installed, e.stopped, e.declared), bound)
      .when(planCertificate(policy), plan, program)
      .then('CGU-80 ISSUANCE_STOPPED'))

  const service = {
    ...f.bound,
    data: { serial: S, custody: 'service', algorithm: 'ecP256' },
  } as typeof f.bound
  const responder = { ...plan, profile: 'ocspResponder', notAfter: '2026-07-01T00:00:00Z' } as typeof plan
  it.each([
    ['stopped', morning, 'CertificatePlanned'],
    ['stoppedForGood', morning, 'CertificatePlanned'],
    ['stoppedForGood', e.ceased, 'CGU-80 ISSUANCE_STOPPED'],
    ['emptied', morning, 'CGU-80 ISSUANCE_STOPPED'],
  ] as const)('CGU-80, CGU-83: a responder’s, the authority %s, at %s', async (state, at, outcome) => {
    const when = given(e.life(state), on(keyAggregate, K, service)).when(
      planCertificate(policy),
      responder,
      program,
      at,
    )
    expect(await when.outcome()).toBe(outcome)
  })

  it.each(e.states)('CGU-80: a session opened while the authority is %s', async (state) => {
    const validated = on(request, R, f.requested(), f.accepted, f.identified, f.validated)
    const place = { desk: uuid(70), slots: 12, keySizes: [3072], earlier: [] }
    const order = { request: R, holderPresent: true, serial: S, card: f.C, ...place }
    const start = given(f.employer, f.deskInService(uuid(70)), validated, e.life(state))
    const issuing = state === 'unknown' || ('active terminating'.includes(state) && state !== 'stopped')
    const when = start.when(whileIssuing(issuer, openSession), order, f.ra)
    expect(await when.outcome()).toBe(issuing ? 'SessionOpened' : 'CGU-80 ISSUANCE_STOPPED')
    await start
      .when(whileIssuing(issuer, openSession), { ...order, holderPresent: false }, f.ra)
      .then('CGU-34 HOLDER_ABSENT')
  })

  const live = on(certificate, S, f.planned, f.issued, f.acceptedByHolder)
  it.each([
    ['terminating', e.ceased, 'CGU-85 OUT_OF_ORDER'],
    ['stopped', e.ceased, 'CGU-85 OUT_OF_ORDER'],
    ['stoppedForGood', '2026-06-01T21:59:59Z', 'CGU-84 OUT_OF_ORDER'],
    ['stoppedForGood', e.ceased, 'CertificateRevoked'],
  ] as const)(
    'CGU-84, CGU-85: revoked because of the end, the authority %s, at %s',
    async (state, at, outcome) => {
      const when = given(e.life(state), live).when(terminateCertificate, { serial: S }, program, at)
      expect(await when.outcome()).toBe(outcome)
    },
  )
  it('CGU-85: a revoked one stays as it is, and no other is there', async () => {
    const gone = on(certificate, S, f.planned, f.issued, f.revoked)
    await given(e.life('stoppedForGood'), gone).when(terminateCertificate, { serial: S }, program).then([])
    await given(e.life('stoppedForGood'))
      .when(terminateCertificate, { serial: S }, program)
      .then('CGU-73 CERTIFICATE_UNKNOWN')
  })
})

describe('the last list', () => {
  const counted = { ...e.count, planned: 0 }
  const order = { issuer, number: 2, ...e.plan, count: counted }
  const after = '2026-06-04T09:00:00Z'
  it.each([
    ['when all is revoked', 'emptied', {}, 'CrlPlanned'],
    ['before', 'stoppedForGood', {}, 'CGU-85 CERTIFICATES_STILL_VALID'],
    [
      'when one is valid again',
      'emptied',
      { count: { ...counted, issued: 4 } },
      'CGU-85 CERTIFICATES_STILL_VALID',
    ],
    ['without having counted', 'emptied', { count: undefined }, 'CGU-85 CERTIFICATES_STILL_VALID'],
    ['at a size before the count', 'emptied', { upTo: 49 }, 'CGU-85 CERTIFICATES_STILL_VALID'],
    ['with an end', 'emptied', { nextUpdate: after }, 'CGU-87 OUT_OF_ORDER'],
    ['without one, as one like the others', 'emptied', { last: false }, 'CGU-87 OUT_OF_ORDER'],
    ['as one like the others', 'emptied', { last: false, nextUpdate: after }, 'CrlPlanned'],
    ['with a gap', 'emptied', { number: 4 }, 'CGU-05 CRL_NUMBER_NOT_NEXT'],
  ] as const)('CGU-85 to CGU-87: planned %s', async (...[, state, more, outcome]) => {
    const when = given(e.life(state), e.before).when(planCrl, { ...order, ...more } as typeof order, ca)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-87: nothing follows it, published or not; another plan under its number is not it', async () => {
    const next = { ...order, number: 3 }
    for (const events of [
      [e.planned, e.signedList],
      [e.planned, e.signedList, e.published],
    ])
      await given(e.life('emptied'), e.lastList(...events))
        .when(planCrl, next, program)
        .then('CGU-87 CRL_SERIES_ENDED')
    await given(e.life('emptied'), e.before, e.lastList(e.planned)).when(planCrl, order, ca).then([])
    await given(e.life('emptied'), e.before, e.lastList(e.planned))
      .when(planCrl, { ...order, last: false, nextUpdate: after }, program)
      .then('CGU-05 CRL_NUMBER_NOT_NEXT')
  })

  const record = { issuer, number: 2, sha256: digest, sites: e.sites }
  it.each([
    ['everywhere', [e.planned, e.signedList], {}, 'CrlPublished'],
    ['a second time', [e.planned, e.signedList, e.published], {}, 'nothing'],
    ['unsigned', [e.planned], {}, 'CGU-05 OUT_OF_ORDER'],
    ['at all places but one', [e.planned, e.signedList], { sites: e.sites.slice(1) }, 'CGU-12 SITES_DIFFER'],
    ['with other octets', [e.planned, e.signedList], { sha256: 'e'.repeat(64) }, 'CGU-12 SITES_DIFFER'],
  ] as const)('CGU-86, CGU-106: seen %s', async (...[, events, more, outcome]) => {
    const when = given(e.lastList(...events)).when(
      recordCrlPublication(policy),
      { ...record, ...more },
      program,
    )
    expect(await when.outcome()).toBe(outcome)
    const issued = { issuer, number: 2, ...e.signedList.data } as Parameters<
      typeof recordCrl.decide
    >[0]['data']
    const again = given(e.lastList(e.planned, e.signedList, e.published)).when(recordCrl, issued, program)
    expect(await again.outcome()).toBe('nothing')
  })
})

describe('the last answers', () => {
  const order = { issuer, lastCrl: 2, ...e.answersPlanned.data } as Parameters<
    typeof planFinalOcsp.decide
  >[0]['data']
  const published = [e.planned, e.signedList, e.published]
  it.each([
    ['once the last list is published', published, {}, 'FinalOcspPlanned'],
    ['before it is', [e.planned, e.signedList], {}, 'CGU-86 LAST_CRL_MISSING'],
    ['for one serial too few', published, { count: 2 }, 'CGU-88 FINAL_ANSWERS_INCOMPLETE'],
    ['for one too many', published, { count: 4 }, 'CGU-88 FINAL_ANSWERS_INCOMPLETE'],
    ['with an end', published, { nextUpdate: e.ceased }, 'CGU-88 OUT_OF_ORDER'],
  ] as const)('CGU-86, CGU-88: planned %s', async (...[, events, more, outcome]) => {
    const when = given(e.life('emptied'), e.lastList(...events)).when(
      planFinalOcsp,
      { ...order, ...more },
      ca,
    )
    expect(await when.outcome()).toBe(outcome)
  })

  const signed = { issuer, ...e.answersSigned.data } as Parameters<typeof recordFinalOcsp.decide>[0]['data']
  it.each([
    ['as planned', [e.answersPlanned], {}, 'FinalOcspSigned'],
    ['all but one', [e.answersPlanned], { count: 2 }, 'CGU-88 FINAL_ANSWERS_INCOMPLETE'],
    ['that nobody planned', [], {}, 'CGU-88 OUT_OF_ORDER'],
    ['again', [e.answersPlanned, e.answersSigned], {}, 'nothing'],
  ] as const)('CGU-88: signed, %s', async (...[, events, more, outcome]) => {
    const when = given(e.answers(...events)).when(recordFinalOcsp, { ...signed, ...more }, program)
    expect(await when.outcome()).toBe(outcome)
    await given(e.answers(e.answersPlanned, e.answersSigned)).when(planFinalOcsp, order, ca).then([])
  })

  it('CGU-107: a part of a day’s answers is counted once', async () => {
    const counts = { good: 9, revoked: 1, unknown: 0, tryLater: 0, unissuedAsked: 0, samples: 1 }
    const day = {
      ...{ issuer, day: '2026-03-01', part: '090000-0', ...counts, responders: [S], samplesRoot: digest },
      worstLagSeconds: 2,
    }
    await given()
      .when(recordOcspActivity, day, program)
      .then([{ type: 'OcspActivityRecorded' }])
  })
})

describe('the key of the authority', () => {
  const second = { person: so.person, roles: [so.role] }
  const held = { servicekey: e.key, present: 'témoin', second }
  const minutes = { copy: uuid(74), direction: 'backup', minutesSha256: digest } as const
  const doom = { ...held, copies: [e.copy], cause: 'endOfLife', lastCrl: 2, held: false }
  const gone = { ...held, ...e.destroyed.data, present: 'témoin' } as Parameters<
    typeof recordServiceKeyDestruction.decide
  >[0]['data']
  const ready = [
    e.life('transferred'),
    e.lastList(e.planned, e.signedList, e.published),
    e.answers(e.answersPlanned, e.answersSigned),
  ]

  it.each([
    ['nobody', undefined],
    ['himself in the other role', { person: ca.person, roles: ['securityOfficer'] as const }],
    ['another in the same role', { person: so.person, roles: ['caOfficer'] as const }],
  ])('CGU-06: with %s beside him, one person does nothing', async (_, beside) => {
    const code = 'CGU-06 SECOND_PERSON_REQUIRED'
    const alone = (<T extends object>(data: T) => ({ ...data, second: beside })) as <T>(data: T) => T
    await given(e.caKey())
      .when(recordServiceKeyCopy, alone({ ...held, ...minutes }), ca)
      .then(code)
    await given(e.caKey(), ...ready)
      .when(planServiceKeyDestruction, alone(doom), ca)
      .then(code)
    await given(e.caKey(e.doomed)).when(recordServiceKeyDestruction, alone(gone), ca).then(code)
    const script = { purpose: 'ca', algorithm: 'rsa4096', scriptSha256: digest } as const
    await given()
      .when(planServiceKey, alone({ ...held, ...script }), ca)
      .then(code)
    const made = { module: 'm', token: 't', attributesSha256: digest, minutesSha256: digest }
    await given()
      .when(recordServiceKey, alone({ ...held, ...made }), ca)
      .then(code)
  })

  it('CGU-06: the two officers act together, whoever of them speaks', async () => {
    await given(e.caKey())
      .when(recordServiceKeyCopy, { ...held, ...minutes }, ca)
      .then([
        {
          type: 'ServiceKeyCopied',
          data: { present: `caOfficer ${ca.person}, securityOfficer ${so.person} : témoin` },
        },
      ])
    const reversed = { ...held, ...minutes, second: { person: ca.person, roles: [ca.role] } }
    await given(e.caKey())
      .when(recordServiceKeyCopy, reversed, so)
      .then([{ type: 'ServiceKeyCopied' }])
    await given(e.caKey())
      .when(recordServiceKeyCopy, { ...held, ...minutes, copy: e.copy }, ca)
      .then([])
    await given(e.caKey(e.doomed))
      .when(recordServiceKeyCopy, { ...held, ...minutes }, ca)
      .then('CGU-90 OUT_OF_ORDER')
  })

  it('CGU-89: it is never transmitted, by however many; a key of the escrow may be', async () => {
    const transfer = { ...held, ...minutes, direction: 'transfer' } as const
    for (const by of [ca, so])
      for (const fact of [e.caKey(), e.caKey(e.doomed), e.keyOf('root')])
        await given(fact).when(recordServiceKeyCopy, transfer, by).then('CGU-89 CA_KEY_NEVER_TRANSMITTED')
    await given(e.keyOf('escrowKek'))
      .when(recordServiceKeyCopy, transfer, ca)
      .then([{ type: 'ServiceKeyCopied' }])
  })

  it('CGU-89: a use that was denied is a fact', async () => {
    const use = {
      servicekey: e.key,
      operation: 'export',
      cause: 'neverExtractable',
      caller: 'pkcs11',
    } as const
    await given(e.caKey())
      .when(recordDeniedKeyUse, use, program)
      .then([{ type: 'ServiceKeyUseDenied' }])
    await given(e.caKey(e.doomed, e.destroyed))
      .when(recordDeniedKeyUse, use, program)
      .then([{ type: 'ServiceKeyUseDenied' }])
    await given().when(recordDeniedKeyUse, use, program).then('CGU-06 OUT_OF_ORDER')
  })

  const missing = { list: [e.planned, e.signedList], answers: [e.answersPlanned] }
  it.each([
    ['when all is done', ready, {}, 'ServiceKeyDestructionPlanned'],
    [
      'before the last list',
      [ready[0]!, e.lastList(...missing.list), ready[2]!],
      {},
      'CGU-86 LAST_CRL_MISSING',
    ],
    [
      'before the last answers',
      [ready[0]!, ready[1]!, e.answers(...missing.answers)],
      {},
      'CGU-88 FINAL_ANSWERS_INCOMPLETE',
    ],
    ['before the transfer', [e.life('emptied'), ready[1]!, ready[2]!], {}, 'CGU-82 OBLIGATIONS_MISSING'],
    ['while its file is on hold', ready, { held: true }, 'CGU-116 UNIT_ON_HOLD'],
    ['a copy forgotten', ready, { copies: [] }, 'CGU-90 COPIES_DIFFER'],
    ['a copy named that is none', ready, { copies: [e.copy, uuid(75)] }, 'CGU-90 COPIES_DIFFER'],
  ] as const)('CGU-90: its destruction ordered %s', async (...[, facts, more, outcome]) => {
    const when = given(e.caKey(), ...(facts as readonly Fact[])).when(
      planServiceKeyDestruction,
      { ...doom, ...more } as typeof doom,
      ca,
    )
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-90, CGU-91: the root’s key stays; another key of the service hangs on no authority', async () => {
    const order = { ...doom, copies: [] }
    await given(e.keyOf('root')).when(planServiceKeyDestruction, order, ca).then('CGU-91 OUT_OF_ORDER')
    await given(e.keyOf('escrowKek'))
      .when(planServiceKeyDestruction, order, ca)
      .then([{ type: 'ServiceKeyDestructionPlanned' }])
    await given(on(serviceKey, e.key)).when(planServiceKeyDestruction, order, ca).then('CGU-90 OUT_OF_ORDER')
  })

  it.each([
    ['ordered', [e.doomed], {}, 'ServiceKeyDestroyed'],
    ['never ordered', [], {}, 'CGU-90 OUT_OF_ORDER'],
    ['ordered, a copy left', [e.doomed], { copies: [] }, 'CGU-90 COPIES_DIFFER'],
    ['done', [e.doomed, e.destroyed], {}, 'nothing'],
  ] as const)('CGU-90: a destruction recorded that was %s', async (...[, events, more, outcome]) => {
    const order = { ...gone, ...more } as typeof gone
    const when = given(e.caKey(...events)).when(recordServiceKeyDestruction, order, so)
    const reversed = { ...order, second: { person: ca.person, roles: [ca.role] } }
    expect(await when.outcome()).toBe('CGU-06 SECOND_PERSON_REQUIRED')
    expect(
      await given(e.caKey(...events))
        .when(recordServiceKeyDestruction, reversed, so)
        .outcome(),
    ).toBe(outcome)
  })

  it.each([
    ['in files, without a copy', false, [], 'ServiceKeyDestroyed'],
    ['on a token, without a copy', true, [], 'CGU-90 CEREMONY_REQUIRED'],
    ['in files, with a copy', false, [e.copy], 'CGU-90 CEREMONY_REQUIRED'],
    ['on a token, with a copy', true, [e.copy], 'CGU-90 CEREMONY_REQUIRED'],
  ] as const)('CGU-90: without a ceremony, a key %s', async (...[, isOnToken, copies, outcome]) => {
    const decider = recordDestructionUnseen(isOnToken)
    const events = copies.length === 0 ? e.uncopiedKey(e.doomed) : e.caKey(e.doomed)
    const order = { ...gone, copies: [...copies] }
    expect(await given(events).when(decider, order, ca).outcome()).toBe(outcome)
    // Before that: whether there is anything to be done, and by two.
    expect(await given(e.caKey()).when(decider, order, ca).outcome()).toBe('CGU-90 OUT_OF_ORDER')
    expect(await given(e.caKey(e.doomed, e.destroyed)).when(decider, gone, ca).outcome()).toBe('nothing')
  })

  it('CGU-06: no order of the procedure is another role’s', async () => {
    for (const by of [f.ra, f.mc, f.holder, actor('auditor', 80), actor('supervisor', 81)]) {
      await given(e.caKey(), ...ready)
        .when(planServiceKeyDestruction, doom, by)
        .then('CGU-06 ROLE_NOT_HELD')
      await given(e.life('active'))
        .when(stopIssuance, { issuer, cause: 'control' }, by)
        .then('CGU-06 ROLE_NOT_HELD')
    }
  })
})
