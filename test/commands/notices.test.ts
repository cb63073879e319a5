import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptCgu } from '../../commands/acceptCgu.ts'
import { planCertificate, type PlanCertificate } from '../../commands/certificates.ts'
import { adoptDocument, adoptParameters, recordPublication } from '../../commands/documents.ts'
import {
  planNotice,
  recordBounce,
  recordDelivery,
  recordNotice,
  retryNotice,
  waiveNotice,
} from '../../commands/notices.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { authority } from '../../domain/authority.ts'
import { document } from '../../domain/document.ts'
import { key } from '../../domain/key.ts'
import { notice, type NoticeEvent } from '../../domain/notice.ts'
import { outOfBounds, parametersOf } from '../../domain/policy/parameters.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import * as f from './facts.ts'
import * as n from './noticesFacts.ts'

const { policy, program, digest, R, S, holder, ra } = f
const [officer, operator, support] = [
  actor('caOfficer', 11),
  actor('systemOperator', 12),
  actor('supportAgent', 13),
]

describe('versions of a document', () => {
  const order = { kind: 'cgu', ...n.version2 } as const
  it.each([
    ['a new version, from a day to come', order, 'DocumentAdopted'],
    ['the same again', { ...order, version: '1.0' }, 'nothing'],
    [
      'other content under a known version',
      { ...order, version: '1.0', sha256: n.other },
      'CGU-19 OUT_OF_ORDER',
    ],
    ['from a day that is past', { ...order, effectiveFrom: '2026-03-01T00:00:00Z' }, 'CGU-19 OUT_OF_ORDER'],
    [
      'another document may have been in force for long',
      { ...order, kind: 'dpc', effectiveFrom: '2020-01-01T00:00:00Z' },
      'DocumentAdopted',
    ],
    ['parameters are no document', { ...order, kind: 'parameters' }, 'CGU-06 OUT_OF_ORDER'],
  ] as const)('CGU-01, CGU-19: %s', async (_, data, expected) => {
    expect(await given(f.cguInForce).when(adoptDocument, data, officer).outcome()).toBe(expected)
  })

  it.each([
    ['2026-03-01T23:00:00Z', '1.0', 'CguAccepted'],
    ['2026-03-01T23:00:00Z', '2.0', 'CGU-19 CGU_NOT_CURRENT'],
    ['2027-01-01T00:00:00Z', '2.0', 'CguAccepted'],
    ['2027-01-01T00:00:00Z', '1.0', 'CGU-19 CGU_NOT_CURRENT'],
  ])('CGU-19: on %s a holder who accepts %s: %s', async (at, cguVersion, expected) => {
    const data = { request: R, cguVersion, means: 'portal', directoryAgreed: true } as const
    const facts = [f.cguInForce, on(document, 'cgu', { type: 'DocumentAdopted', data: n.version2 })]
    expect(
      await given(...facts, on(request, R, f.requested()))
        .when(acceptCgu, data, holder, at)
        .outcome(),
    ).toBe(expected)
  })

  it('CGU-19, CGU-20: a request that is open when a new version comes into force needs its acceptance', async () => {
    const facts = [
      f.cguInForce,
      on(document, 'cgu', { type: 'DocumentAdopted', data: n.version2 }),
      f.employer,
    ]
    const file = [f.requested(), f.accepted, f.identified]
    const validate = (at: string, ...more: readonly (typeof f.accepted)[]) =>
      given(...facts, on(request, R, ...file, ...more)).when(validateRequest(policy), { request: R }, ra, at)
    await validate('2026-12-31T23:59:59Z').then([{ type: 'RequestValidated' }])
    await validate('2027-01-01T00:00:00Z').then('CGU-19 CGU_NOT_CURRENT')
    await validate('2027-01-01T00:00:00Z', n.acceptedAnew).then([{ type: 'RequestValidated' }])
  })
})

describe('publication', () => {
  const seen = (host: string, sha256 = digest) => ({
    url: `https://${host}.finances.gouv.fr/pc.pdf`,
    sha256,
    seenAt: '2026-03-02T08:00:00Z',
  })
  const all = [seen('igc'), seen('igc1'), seen('igc2')]
  const chain = policy.publication.caCertificate.map((url) => ({ ...seen('igc'), url }))
  it.each([
    ['the three sites hold it', 'pc', all, 'DocumentPublished'],
    ['one was not looked at', 'pc', all.slice(1), 'CGU-12 SITES_DIFFER'],
    ['one holds something else', 'pc', [...all.slice(1), seen('igc', n.other)], 'CGU-12 SITES_DIFFER'],
    [
      'all hold something else',
      'pc',
      all.map((site) => ({ ...site, sha256: n.other })),
      'CGU-12 SITES_DIFFER',
    ],
    ['one is somebody else’s', 'pc', [...all.slice(1), seen('igc3')], 'CGU-12 SITES_DIFFER'],
    ['CGU-105: at its own addresses', 'caCertificate', chain, 'DocumentPublished'],
    ['CGU-105: elsewhere on the sites', 'caCertificate', all, 'CGU-12 SITES_DIFFER'],
  ] as const)('CGU-12: %s', async (_, kind, sites, expected) => {
    const facts = on(document, kind, { type: 'DocumentAdopted', data: n.version1 })
    const order = { kind, version: '1.0', sites }
    expect(await given(facts).when(recordPublication(policy), order, operator).outcome()).toBe(expected)
  })

  it('CGU-09, CGU-69, CGU-104: recorded once a version, and only of one that was adopted', async () => {
    const order = { kind: 'revocationForm', version: '1.0', sites: all } as const
    const adopted = { type: 'DocumentAdopted', data: n.version1 } as const
    const sites = all.map(({ url, seenAt }) => ({ url, seenAt }))
    const published = { type: 'DocumentPublished', data: { version: '1.0', sha256: digest, sites } } as const
    await given().when(recordPublication(policy), order, operator).then('CGU-06 OUT_OF_ORDER')
    await given(on(document, 'revocationForm', adopted))
      .when(recordPublication(policy), order, program)
      .then([published])
    await given(on(document, 'revocationForm', adopted, published))
      .when(recordPublication(policy), order, program)
      .then([])
  })
})

describe('parameters', () => {
  const values = parametersOf(policy)
  const order = (more: object = {}, number = 2) => ({
    ...{ kind: 'parameters' as const, policy: number, effectiveFrom: '2026-04-01T00:00:00Z' },
    values: { ...values, ...more },
  })

  it.each(Object.entries(n.contradictions))(
    'CGU-06, CGU-70: %s against the conditions of use is refused by its name',
    async (name, wrong) => {
      for (const value of wrong) {
        expect(outOfBounds({ ...values, [name]: value })).toBe(name)
        await given()
          .when(adoptParameters, order({ [name]: value }), officer)
          .then('CGU-06 PARAMETER_OUT_OF_BOUNDS')
      }
    },
  )

  it('CGU-70: one set a number; the order of names does not matter', async () => {
    const known = on(document, 'parameters', {
      type: 'ParametersAdopted',
      data: { policy: 2, effectiveFrom: '2026-03-02T09:00:00Z', values },
    })
    await given()
      .when(adoptParameters, order(), officer)
      .then([{ type: 'ParametersAdopted' }])
    const turned = Object.fromEntries(Object.entries(values).reverse())
    await given(known).when(adoptParameters, order(turned), program).then([])
    await given(known)
      .when(adoptParameters, order({ pinTries: 5 }), program)
      .then('CGU-06 OUT_OF_ORDER')
    await given(known)
      .when(adoptParameters, order({ pinTries: 5 }, 3), officer)
      .then([{ type: 'ParametersAdopted' }])
    await given()
      .when(adoptParameters, { ...order(), kind: 'cgu' }, officer)
      .then('CGU-06 OUT_OF_ORDER')
  })
})

describe('qualification', () => {
  const plan = {
    serial: S,
    ...(f.planned.type === 'CertificatePlanned' ? f.planned.data : {}),
  } as PlanCertificate['data']
  const keyed = [
    on(key, f.K, f.bound, f.escrowed),
    on(authority, f.issuer, {
      type: 'CaCertificateInstalled',
      data: {
        der: 'ZGVy',
        sha256: digest,
        rootSha256: digest,
        notAfter: '2036-03-02T08:59:59Z',
        servicekey: uuid(70),
      },
    }),
  ]
  const qualified = (validUntil: string, effectiveFrom = '2024-01-01T00:00:00Z') =>
    on(document, 'qualification', {
      type: 'DocumentAdopted',
      data: { ...n.version1, version: validUntil, effectiveFrom, validUntil },
    })
  it.each([
    ['none was ever adopted', [], '2026-03-02T09:00:00Z', 'CertificatePlanned'],
    ['on its last day in France', [qualified('2026-03-02')], '2026-03-02T22:59:59Z', 'CertificatePlanned'],
    [
      'when that day is over in France',
      [qualified('2026-03-02')],
      '2026-03-02T23:00:00Z',
      'CGU-121 QUALIFICATION_LAPSED',
    ],
    [
      'once it was renewed',
      [qualified('2025-03-02'), qualified('2027-03-02')],
      '2026-03-02T09:00:00Z',
      'CertificatePlanned',
    ],
    [
      'while the next one is yet to come',
      [qualified('2026-03-01'), qualified('2028-03-02', '2026-03-03T00:00:00Z')],
      '2026-03-02T09:00:00Z',
      'CGU-121 QUALIFICATION_LAPSED',
    ],
  ] as const)('CGU-121: a certificate is planned %s', async (_, facts, at, expected) => {
    expect(
      await given(...keyed, ...facts)
        .when(planCertificate(policy), plan, program, at)
        .outcome(),
    ).toBe(expected)
  })
})

describe('a notice', () => {
  const N = uuid(80)
  const [planned, sent] = [n.planned(), n.sent]
  const order = { notice: N, ...planned.data }
  it('CGU-77, CGU-79: planned once, sent once', async () => {
    await given().when(planNotice(policy), order, program).then([planned])
    await given(on(notice, N, planned))
      .when(planNotice(policy), order, program)
      .then([])
    await given(on(notice, N, planned))
      .when(recordNotice, { notice: N, ...sent.data }, program)
      .then([sent])
    await given(on(notice, N, planned, sent))
      .when(recordNotice, { notice: N, ...sent.data }, program)
      .then([])
    await given()
      .when(recordNotice, { notice: N, ...sent.data }, program)
      .then('CGU-77 OUT_OF_ORDER')
    await given().when(planNotice(policy), order, officer).then([planned])
    await given().when(planNotice(policy), order, ra).then('CGU-06 ROLE_NOT_HELD')
  })

  it('CGU-19: no more recipients than the parameters allow', async () => {
    const few = { ...policy, notice: { ...policy.notice, recipientsAtMost: 1 } }
    await given().when(planNotice(few), order, program).then('CGU-06 PARAMETER_OUT_OF_BOUNDS')
  })

  it.each([
    ['before it was sent', [planned], [0], 'CGU-77 OUT_OF_ORDER'],
    ['of one who got it', [planned, sent], [0], 'NoticeUndelivered'],
    ['of one who never had an address', [planned, sent], [1], 'CGU-77 OUT_OF_ORDER'],
    ['of nobody', [planned, sent], [7], 'CGU-77 OUT_OF_ORDER'],
    ['again', [planned, sent, n.bounced], [0], 'nothing'],
  ] as const)('CGU-77: a bounce %s', async (_, events, recipientIndexes, expected) => {
    const data = { notice: N, recipientIndexes: [...recipientIndexes], fault: '5.1.1' }
    expect(
      await given(on(notice, N, ...events))
        .when(recordBounce, data, support)
        .outcome(),
    ).toBe(expected)
  })

  const putOff: typeof n.sent = {
    type: 'NoticeSent',
    data: { sentAt: n.sent.data.sentAt, failedIndexes: [], deferredIndexes: [0, 1] },
  }
  type Deferred = Extract<NoticeEvent, { type: 'NoticeDeferred' }>
  const deferred = (attempt: number, ...recipientIndexes: number[]): Deferred => ({
    type: 'NoticeDeferred',
    data: { recipientIndexes, attempt, fault: '4.2.1' },
  })
  const { sentAt } = n.sent.data

  it('RFC 5321 4.5.4.1: a first pass says of each what the mail server said, and nobody counts as told who was put off', async () => {
    await given(on(notice, N, planned))
      .when(
        recordNotice,
        {
          ...{ notice: N, ...putOff.data, deferred: [deferred(1, 1).data] },
          bounced: [{ recipientIndexes: [0], fault: '5.1.1' }],
        },
        program,
      )
      .then([putOff, deferred(1, 1), n.bounced])
  })

  it.each([
    [
      'taken, and put off again',
      { relayed: [0], deferred: [deferred(2, 1).data] },
      'NoticeRelayed NoticeDeferred',
    ],
    ['the same attempt again', { relayed: [], deferred: [deferred(1, 0, 1).data] }, 'nothing'],
    ['given up', { relayed: [], bounced: [{ recipientIndexes: [0], fault: '4.2.1' }] }, 'NoticeUndelivered'],
    ['of nobody', { relayed: [7] }, 'nothing'],
  ] as const)('CGU-77: asked again, %s', async (_, what, expected) => {
    const state = n.fold([planned, putOff, deferred(1, 0, 1)])
    const data = { notice: N, sentAt, ...what } as unknown as Parameters<
      typeof recordDelivery.decide
    >[0]['data']
    const decision = recordDelivery.decide(
      { type: 'RecordDelivery', id: N, by: program, at: sentAt, data },
      state,
      undefined,
    )
    const types = 'accepted' in decision ? decision.accepted.map(({ type }) => type).join(' ') : 'refused'
    expect(types === '' ? 'nothing' : types).toBe(expected)
  })

  it.each([
    ['that came back', [planned, n.sent, n.bounced], [0], 'NoticeRetried'],
    ['that had no address', [planned, n.sent], [1], 'NoticeRetried'],
    ['that was taken', [planned, n.sent], [0], 'CGU-77 OUT_OF_ORDER'],
    ['that waits for the mail server', [planned, putOff], [0], 'nothing'],
    ['that was not sent', [planned], [0], 'CGU-77 OUT_OF_ORDER'],
  ] as const)('CGU-77: sent once more, a notice %s', async (_, events, recipientIndexes, expected) => {
    const data = { notice: N, recipientIndexes: [...recipientIndexes] }
    expect(
      await given(on(notice, N, ...events))
        .when(retryNotice, data, support)
        .outcome(),
    ).toBe(expected)
  })

  it.each([
    ['of all, before it was sent', [planned], [0, 1], 'NoticeWaived'],
    ['of some, before it was sent', [planned], [0], 'CGU-77 OUT_OF_ORDER'],
    ['of one who has died', [planned, sent], [0], 'NoticeWaived'],
    ['of one who had no address', [planned, sent], [1], 'NoticeWaived'],
    ['again', [planned, n.waived], [0, 1], 'nothing'],
    ['of nobody', [planned], [2], 'CGU-77 OUT_OF_ORDER'],
    ['of a notice that there is not', [], [0], 'CGU-77 OUT_OF_ORDER'],
  ] as const)('CGU-77, CGU-84: a waiver %s', async (_, events, recipientIndexes, expected) => {
    const data = { notice: N, recipientIndexes: [...recipientIndexes], cause: 'unreachable' as const }
    const facts = events.length === 0 ? [] : [on(notice, N, ...events)]
    expect(
      await given(...facts)
        .when(waiveNotice, data, ra)
        .outcome(),
    ).toBe(expected)
  })

  it('CGU-77: whatever is recorded in whatever order, what was waived is not sent, and nobody is forgotten', async () => {
    const step = fc.constantFrom('send', 'bounce', 'waiveAll', 'waiveOne')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const events: Parameters<typeof n.fold>[0][number][] = [planned]
        for (const one of steps) {
          const event = n.decided(one, n.fold(events), N)
          if (event !== undefined) events.push(event)
        }
        const types = events.map(({ type }) => type)
        expect(types.filter((type) => type === 'NoticeSent').length).toBeLessThanOrEqual(1)
        const state = n.fold(events)
        if (state.status === 'unknown') throw new Error('planned')
        expect(state.recipients).toHaveLength(2)
        if (state.status === 'waived') expect(types).not.toContain('NoticeSent')
        const isPlanned = state.recipients.some(({ delivery }) => delivery === 'planned')
        expect(isPlanned).toBe(state.status === 'planned')
      }),
      { seed: 19, numRuns: 200 },
    )
  })
})
