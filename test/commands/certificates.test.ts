import { describe, expect, it } from 'vitest'
import { scrapCard } from '../../commands/cardIncidents.ts'
import { allotCard, definePin, recordCardWriting, releaseCard, type AllotCard } from '../../commands/cards.ts'
import {
  abandonCertificate,
  acceptCertificate,
  planCertificate,
  recordCertificate,
  refuseCertificate,
  type PlanCertificate,
} from '../../commands/certificates.ts'
import { bindPublicKey, escrowKey, type EscrowKey } from '../../commands/keys.ts'
import { revokeCertificate } from '../../commands/revocations.ts'
import { authority } from '../../domain/authority.ts'
import { card, type CardEvent } from '../../domain/card.ts'
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { key } from '../../domain/key.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import * as f from './facts.ts'

const { C, K, K2, R, S, S2, policy, holder, ra, mc, program } = f

const authorityUntil = (notAfter: string) =>
  on(authority, f.issuer, {
    type: 'CaCertificateInstalled',
    data: { der: 'ZGVy', sha256: f.digest, rootSha256: f.digest, notAfter, servicekey: uuid(70) },
  })
const ca = authorityUntil('2036-01-01T00:00:00Z')
const kept = on(key, K, f.bound, f.escrowed)

describe('a key pair', () => {
  it.each([
    ['a key that is new', [], S, 'PublicKeyBound'],
    ['the same again', [f.bound], S, 'nothing'],
    ['a key that another serial has', [f.bound], S2, 'CGU-60 PUBLIC_KEY_TAKEN'],
    ['a key that was escrowed for another serial', [f.bound, f.escrowed], S2, 'CGU-60 PUBLIC_KEY_TAKEN'],
  ] as const)('CGU-60: %s', async (...[, events, serial, outcome]) => {
    const order = {
      spki: K,
      serial,
      custody: 'escrow',
      request: R,
      session: 1,
      algorithm: 'rsa3072',
    } as const
    expect(
      await given(on(key, K, ...events))
        .when(bindPublicKey, order, program)
        .outcome(),
    ).toBe(outcome)
  })

  const record = { spki: K, ...f.escrowed.data } as EscrowKey['data']
  const service = { ...f.bound, data: { ...f.bound.data, custody: 'service' } } as typeof f.bound
  it.each([
    ['CGU-38: bound', [f.bound], {}, 'KeyEscrowed'],
    ['CGU-38: not bound', [], {}, 'CGU-38 OUT_OF_ORDER'],
    ['CGU-38: bound to another serial', [f.bound], { serial: S2 }, 'CGU-38 OUT_OF_ORDER'],
    ['CGU-38: escrowed already', [f.bound, f.escrowed], {}, 'nothing'],
    ['CGU-108: a key of the service', [service], {}, 'CGU-108 ESCROW_FORBIDDEN'],
    ['CGU-41: a second too long', [f.bound], { until: '2036-03-02T09:00:01Z' }, 'CGU-41 ESCROW_TERM_WRONG'],
    ['CGU-41: a day too short', [f.bound], { until: '2036-03-01T09:00:00Z' }, 'CGU-41 ESCROW_TERM_WRONG'],
    [
      'CGU-41: from 29 February, ten civil years',
      [f.bound],
      { from: '2028-02-29T23:59:59Z', until: '2038-02-28T23:59:59Z' },
      'KeyEscrowed',
    ],
  ] as const)('%s', async (...[, events, more, outcome]) => {
    const when = given(on(key, K, ...events)).when(escrowKey(policy), { ...record, ...more }, program)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-38: no person gives the orders of custody', async () => {
    const order = { spki: K, serial: S, custody: 'escrow', algorithm: 'rsa3072' } as const
    for (const by of [holder, ra, mc, f.officerA, actor('caOfficer', 9), actor('securityOfficer', 9)])
      await given().when(bindPublicKey, order, by).then('CGU-06 ROLE_NOT_HELD')
  })
})

describe('a certificate', () => {
  const plan = { ...f.planned.data, serial: S } as PlanCertificate['data']
  const planned = (more: Partial<PlanCertificate['data']>, facts = [ca, kept]) =>
    given(...facts)
      .when(planCertificate(policy), { ...plan, ...more }, program)
      .outcome()

  it.each([
    ['escrowed for this serial', kept, {}, 'CertificatePlanned'],
    ['unknown', on(key, K), {}, 'CGU-38 KEY_NOT_ESCROWED'],
    ['bound, not escrowed', on(key, K, f.bound), {}, 'CGU-38 KEY_NOT_ESCROWED'],
    ['another than the escrowed one', kept, { spkiSha256: K2 }, 'CGU-38 KEY_NOT_ESCROWED'],
    ['escrowed for another serial', kept, { serial: S2 }, 'CGU-38 KEY_NOT_ESCROWED'],
    ['escrowed, and the proof not named', kept, { escrowEvent: undefined }, 'CGU-38 KEY_NOT_ESCROWED'],
    ['under recovery', on(key, K, f.bound, f.escrowed, f.recoveryStarted), {}, 'CGU-38 KEY_NOT_ESCROWED'],
    ['the service’s own', on(key, K, serviceBound()), {}, 'CGU-38 KEY_NOT_ESCROWED'],
  ])('CGU-38: planned on a key that is %s', async (...[, held, more, outcome]) => {
    expect(await planned(more as Partial<PlanCertificate['data']>, [ca, held])).toBe(outcome)
  })

  it.each([
    ['three years to the second', {}, 'CertificatePlanned'],
    ['a second more', { notAfter: '2029-03-02T09:00:00Z' }, 'CGU-18 VALIDITY_WRONG'],
    ['a second less', { notAfter: '2029-03-02T08:59:58Z' }, 'CGU-18 VALIDITY_WRONG'],
    ['two years', { notAfter: '2028-03-02T08:59:59Z' }, 'CGU-18 VALIDITY_WRONG'],
    [
      'three years from 29 February',
      { notBefore: '2028-02-29T12:00:00Z', notAfter: '2031-02-28T11:59:59Z' },
      'CertificatePlanned',
    ],
  ])('CGU-18: planned for %s', async (_, dates, outcome) => {
    expect(await planned(dates)).toBe(outcome)
  })

  it.each([
    ['2029-03-02T08:59:59Z', 'CertificatePlanned'],
    ['2029-03-02T08:59:58Z', 'CGU-18 VALIDITY_WRONG'],
  ])('CGU-18: planned under an authority that ends at %s', async (notAfter, outcome) => {
    expect(await planned({}, [authorityUntil(notAfter), kept])).toBe(outcome)
  })

  const lives = {
    unknown: [],
    planned: [f.planned],
    issued: [f.planned, f.issued],
    accepted: [f.planned, f.issued, f.acceptedByHolder],
    refused: [f.planned, f.issued, f.refusedByHolder],
    revoked: [f.planned, f.issued, f.revoked],
    abandoned: [f.abandoned],
  } satisfies Record<string, readonly CertificateEvent[]>
  const answer = { serial: S, ...f.presented }
  const after = (events: readonly CertificateEvent[]) => {
    const start = given(ca, kept, on(certificate, S, ...events))
    return Promise.all([
      start.when(planCertificate(policy), plan, program).outcome(),
      start.when(recordCertificate, { serial: S, ...f.issued.data } as never, program).outcome(),
      start
        .when(abandonCertificate, { serial: S, cause: 'lint', findings: [], maybeSigned: false }, program)
        .outcome(),
      start.when(acceptCertificate, answer, holder).outcome(),
      start.when(refuseCertificate(policy), { ...answer, cause: 'contentWrong' }, holder).outcome(),
      start.when(revokeCertificate, { serial: S, origin: 'undelivered' }, program).outcome(),
    ])
  }
  const [no, notNow, absent] = ['CGU-34 OUT_OF_ORDER', 'CGU-37 OUT_OF_ORDER', 'CGU-73 CERTIFICATE_UNKNOWN']
  it.each([
    ['unknown', 'CertificatePlanned', no, 'CertificateAbandoned', absent, absent, absent],
    ['planned', 'nothing', 'CertificateIssued', 'CertificateAbandoned', absent, absent, absent],
    ['issued', no, 'nothing', no, 'CertificateAccepted', 'CertificateRefused', 'CertificateRevoked'],
    ['accepted', no, 'nothing', no, 'nothing', notNow, 'CertificateRevoked'],
    ['refused', no, 'nothing', no, notNow, 'nothing', 'CertificateRevoked'],
    ['revoked', no, 'nothing', no, notNow, notNow, 'nothing'],
    ['abandoned', no, no, 'nothing', absent, absent, absent],
  ] as const)('CGU-34, CGU-37, CGU-75: from %s, what each command makes of it', async (life, ...outcomes) => {
    expect(await after(lives[life])).toEqual(outcomes)
  })

  it.each([
    ['CGU-35: handed over', 'undelivered', [f.sessionOpened, f.handedOver], 'CGU-34 OUT_OF_ORDER'],
    ['CGU-75: handed over', 'exOfficio', [f.sessionOpened, f.handedOver], 'CertificateRevoked'],
    ['CGU-34: not handed over', 'undelivered', [f.sessionOpened], 'CertificateRevoked'],
  ] as const)('%s, revoked as %s', async (...[, origin, session, outcome]) => {
    const start = given(
      on(request, R, f.requested(), f.validated, ...session),
      on(certificate, S, f.planned, f.issued, f.acceptedByHolder),
    )
    expect(await start.when(revokeCertificate, { serial: S, origin }, program).outcome()).toBe(outcome)
  })

  it.each([
    ['CGU-37: his own', holder, {}, 'CertificateAccepted'],
    ['CGU-37: another’s', actor('holder', 77), {}, 'CGU-37 ACCEPTANCE_HOLDER_ONLY'],
    ['CGU-37: an officer', ra, {}, 'CGU-37 ROLE_NOT_HELD'],
    ['CGU-37: an agent', mc, {}, 'CGU-37 ROLE_NOT_HELD'],
    ['CGU-36: other content', holder, { presentedSha256: 'e'.repeat(64) }, 'CGU-36 CONTENT_DIFFERS'],
  ] as const)('accepted — %s', async (...[, by, more, outcome]) => {
    const start = given(on(certificate, S, f.planned, f.issued))
    expect(await start.when(acceptCertificate, { ...answer, ...more }, by).outcome()).toBe(outcome)
  })
})

function serviceBound(): typeof f.bound {
  return { ...f.bound, data: { ...f.bound.data, custody: 'service' } } as typeof f.bound
}

describe('a card', () => {
  const inSession = on(request, R, f.requested(), f.validated, f.sessionOpened)
  const order: AllotCard['data'] = {
    card: C,
    request: R,
    model: 'software-qscd',
    chipNumber: '8925 0000 0042',
    kind: 'agent',
    serials: [S],
  }
  const many = Array.from({ length: 13 }, (_, n) => `4${String(n).padStart(31, '0')}`)

  it.each([
    ['CGU-34: of the open session', inSession, {}, 'CardAllotted'],
    ['CGU-34: another than the session’s', inSession, { card: uuid(41) }, 'CGU-34 OUT_OF_ORDER'],
    ['CGU-34: without a session', on(request, R, f.requested()), {}, 'CGU-34 OUT_OF_ORDER'],
    ['CGU-14: a model that is no QSCD', inSession, { model: 'plain' }, 'CGU-14 CARD_NOT_QUALIFIED'],
    ['CGU-14: with as many keys as it has slots', inSession, { serials: many.slice(1) }, 'CardAllotted'],
    ['CGU-14: with one more', inSession, { serials: many }, 'CGU-14 CARD_NOT_QUALIFIED'],
  ])('allotted — %s', async (...[, file, more, outcome]) => {
    expect(
      await given(file)
        .when(allotCard(policy), { ...order, ...more }, ra)
        .outcome(),
    ).toBe(outcome)
  })

  const lives = {
    unknown: [],
    allotted: [f.allotted],
    written: [f.allotted, f.written],
    inUse: [f.allotted, f.written, f.pinDefined],
    spoiled: [f.allotted, { type: 'CardWriteFailed', data: { serials: [S], stage: 'write', fault: 'x' } }],
    released: [f.allotted, { type: 'CardReleased', data: { cause: 'lapsed' } }],
    scrapped: [f.allotted, { type: 'CardScrapped', data: { cause: 'spoiled', method: 'erased' } }],
  } satisfies Record<string, readonly CardEvent[]>
  const after = (events: readonly CardEvent[]) => {
    const start = given(inSession, on(card, C, ...events))
    return Promise.all([
      start.when(allotCard(policy), order, ra).outcome(),
      start.when(recordCardWriting, { card: C, written: true, decryptionTested: true }, program).outcome(),
      start
        .when(recordCardWriting, { card: C, written: false, stage: 'write', fault: 'x' }, program)
        .outcome(),
      start.when(definePin(policy), { card: C }, holder).outcome(),
      start.when(releaseCard, { card: C, cause: 'lapsed' }, program).outcome(),
      start.when(scrapCard, { card: C, cause: 'spoiled', method: 'erased' }, program).outcome(),
    ])
  }
  const [busy, no, noPin] = ['CGU-34 CARD_BUSY', 'CGU-34 OUT_OF_ORDER', 'CGU-50 OUT_OF_ORDER']
  it.each([
    ['unknown', 'CardAllotted', no, no, noPin, 'nothing', 'nothing'],
    ['allotted', busy, 'CardWritten', 'CardWriteFailed', noPin, 'CardReleased', 'CardScrapped'],
    ['written', busy, 'nothing', 'nothing', 'CardPinDefined', 'nothing', 'CardScrapped'],
    ['inUse', busy, 'nothing', 'nothing', noPin, 'nothing', 'CardScrapped'],
    ['spoiled', busy, no, no, noPin, 'nothing', 'CardScrapped'],
    ['released', busy, no, no, noPin, 'nothing', 'nothing'],
    ['scrapped', busy, no, no, noPin, 'nothing', 'nothing'],
  ] as const)('CGU-34, CGU-50, CGU-99: from %s, what each command makes of it', async (life, ...outcomes) => {
    expect(await after(lives[life])).toEqual(outcomes)
  })

  it.each([
    ['its holder', holder, 'CardPinDefined'],
    ['another holder', actor('holder', 77), 'CGU-50 PIN_HOLDER_ONLY'],
    ['the officer at the desk', ra, 'CGU-06 ROLE_NOT_HELD'],
    ['the agent', mc, 'CGU-06 ROLE_NOT_HELD'],
  ] as const)('CGU-50: the PIN is defined by %s', async (_, by, outcome) => {
    const start = given(on(card, C, f.allotted, f.written))
    expect(await start.when(definePin(policy), { card: C }, by).outcome()).toBe(outcome)
  })
})
