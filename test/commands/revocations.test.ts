// The matrix of domain/policy/revocation.ts, written a second time by hand, and what becomes of a request for revocation.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestRevocation, type RequestRevocation } from '../../commands/requestRevocation.ts'
import {
  rejections,
  rejectRevocation,
  revokeCertificate,
  type RejectRevocation,
  type RevokeCertificate,
} from '../../commands/revocations.ts'
import { appointment } from '../../domain/appointment.ts'
import { certificate, type Certificate, type CertificateEvent } from '../../domain/certificate.ts'
import type { Actor, Command, Decider } from '../../domain/kernel.ts'
import { channels, roles, type Channel, type Role } from '../../domain/lists.ts'
import { requesters, type Requester } from '../../domain/policy/revocation.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import { acceptCertificate, refuseCertificate } from '../../commands/certificates.ts'
import * as c from './claimsFacts.ts'
import * as f from './facts.ts'

const { M, R, S, policy, holder, ra, mc, program } = f
const ca = actor('caOfficer', 9)
const both = 'RevocationRequested CertificateRevoked'
const open = 'RevocationRequested'
const notAuthenticated = 'CGU-75 REVOCATION_NOT_AUTHENTICATED'

const asked: RequestRevocation['data'] = {
  ...{ serial: S, revocation: uuid(80), holderName: 'Zoë Maëlle D’Été-Brûlé', requesterName: 'Zoë' },
  ...{ channel: 'portal', signatureForm: 'none', receivedAt: '2026-03-02T09:00:00Z' },
}
const mandated = on(appointment, M, f.proposed(), f.checked, f.undertaken)
const live = [on(request, R, f.requested()), on(certificate, S, f.planned, f.issued, f.acceptedByHolder)]
const when = (facts = live) => given(mandated, ...c.representatives, ...facts)
const askedBy = (by: Actor, more: Partial<RequestRevocation['data']> = {}, facts = live) =>
  when(facts)
    .when(requestRevocation(policy), { ...asked, ...more }, by)
    .outcome()
const faceToFace = { channel: 'faceToFace', ra: 'dgddi', documentKind: 'passport' } as const

/** Each requester: himself, signed in, and the appointment that he may ask under. */
const people: Readonly<Record<Requester, Readonly<{ self: Actor; mandate?: string }>>> = {
  holder: { self: holder },
  mc: { self: mc, mandate: M },
  legalRepresentative: { self: c.legalRepresentative, mandate: c.L },
  authorisedPerson: { self: c.authorisedPerson, mandate: c.P },
  raOfficer: { self: ra },
  caOfficer: { self: ca },
}
/** A request in perfect form, whatever the channel asks for. */
const form = { signatureForm: 'handwritten', documentKind: 'passport', note: 'motif' } as const
const request_ = (requester: Requester, channel: Channel, by: Actor, code: string) => {
  const { self, mandate } = people[requester]
  return askedBy(by, {
    ...{ ...form, channel, ra: code, requesterRole: requester, requester: self.person },
    ...(mandate === undefined ? (by === mc ? { mandate: M } : {}) : { mandate }),
  })
}

const [no61, no62] = ['CGU-61 REVOKER_NOT_ENTITLED', 'CGU-62 REVOKER_NOT_ENTITLED']
const [no63, no64, no67] = ['CGU-63 CHANNEL_NOT_OPEN', 'CGU-64 CHANNEL_NOT_OPEN', 'CGU-67 CHANNEL_NOT_OPEN']
const no65 = 'CGU-65 PORTAL_AUTHENTICATION_REQUIRED'
const no06 = 'CGU-06 ROLE_NOT_HELD'

describe('CGU-61 to CGU-68: requester × channel × direction', () => {
  // In the order: portal, signedIn, faceToFace, callCentre, email, post, internal.
  const self: readonly (readonly [Requester, ...(readonly string[])])[] = [
    ['holder', both, no65, no65, no65, no65, no65, no61],
    ['mc', no65, both, no65, no65, no65, no65, no62],
    ['legalRepresentative', no65, both, no65, no65, no65, no65, no62],
    ['authorisedPerson', no65, both, no65, no65, no65, no65, no62],
    ['raOfficer', no65, no63, no63, no63, no63, no63, both],
    ['caOfficer', no65, no64, no64, no64, no64, no64, both],
  ]
  it.each(self)('CGU-61 to CGU-65: %s, signed in himself', async (role, ...outcomes) => {
    const requester = role as Requester
    for (const code of ['dgddi', 'centrale'])
      expect(
        await Promise.all(channels.map((one) => request_(requester, one, people[requester].self, code))),
      ).toEqual(outcomes)
  })

  const recorded: readonly (readonly [Requester, string, ...(readonly string[])])[] = [
    ['holder', 'dgddi', no65, no65, both, no67, open, open, no61],
    ['holder', 'centrale', no65, no65, both, open, open, open, no61],
    ['holder', 'elsewhere', no65, no65, no67, no67, no67, no67, no61],
    ['mc', 'dgddi', no65, no65, both, no67, open, open, no62],
    ['mc', 'centrale', no65, no65, both, open, open, open, no62],
    ['legalRepresentative', 'dgddi', no65, no65, both, no67, open, open, no62],
    ['legalRepresentative', 'centrale', no65, no65, both, open, open, open, no62],
    ['authorisedPerson', 'dgddi', no65, no65, both, no67, open, open, no62],
    ['authorisedPerson', 'centrale', no65, no65, both, open, open, open, no62],
  ]
  it.each(recorded)('CGU-66 to CGU-68: %s, recorded by an officer of %s', async (role, code, ...outcomes) => {
    const requester = role as Requester
    for (const officer of [actor('raOfficer', 40), actor('caOfficer', 41)])
      expect(await Promise.all(channels.map((one) => request_(requester, one, officer, code)))).toEqual(
        outcomes,
      )
  })

  it('CGU-63, CGU-64: one officer does not act on the other’s motion', async () => {
    expect(await request_('caOfficer', 'internal', ra, 'dgddi')).toBe(no06)
    expect(await request_('raOfficer', 'internal', ca, 'dgddi')).toBe(no06)
  })

  it('CGU-98: an agent passes on what the holder asks, whatever his own powers; nobody else does', async () => {
    const weak = on(appointment, uuid(31), f.proposed({ powers: ['request'] }), f.checked, f.undertaken)
    const relay = { channel: 'signedIn', requesterRole: 'holder', mandate: uuid(31) } as const
    expect(await askedBy(mc, relay, [weak, ...live])).toBe(open)
    expect(await askedBy(mc, { ...relay, requesterRole: 'mc' }, [weak, ...live])).toBe(no62)
    expect(await askedBy(mc, { ...relay, mandate: uuid(32) })).toBe(no62)
    expect(await askedBy(c.legalRepresentative, { ...relay, mandate: c.L })).toBe(no65)
    // He has not authenticated the holder, and cannot say that he has.
    expect(await askedBy(mc, { ...relay, mandate: M, authentication: 'callback' })).toBe(notAuthenticated)
    await when()
      .when(
        requestRevocation(policy),
        { ...asked, ...relay, mandate: M, receivedAt: '2026-03-01T18:00:00Z' },
        mc,
      )
      .then([
        {
          type: 'RevocationRequested',
          data: {
            ...{ requesterRole: 'holder', requester: holder.person, channel: 'signedIn', appointment: M },
            ...{ firstReceivedAt: '2026-03-01T18:00:00Z', firstReceivedBy: 'mc' },
          },
        },
      ])
  })

  it('CGU-61: whoever else is signed in may not ask at all', async () => {
    const others = roles.filter((role) => !(requesters as readonly Role[]).includes(role))
    for (const role of others)
      expect([role, await askedBy(actor(role, 90), { ...form, channel: 'internal' })]).toEqual([role, no06])
  })

  it.each([
    ['CGU-61: the holder', holder, {}, both],
    ['CGU-61: another holder', actor('holder', 77), {}, no61],
    ['CGU-62: an agent, mandate not named', mc, { channel: 'signedIn' }, no62],
    ['CGU-62: another agent', actor('mc', 78), { channel: 'signedIn', mandate: M }, no62],
    [
      'CGU-62: an agent, under a representative’s appointment',
      mc,
      { channel: 'signedIn', mandate: c.L },
      no62,
    ],
    [
      'CGU-62: a representative of another entity',
      c.legalRepresentative,
      { channel: 'signedIn', mandate: c.L2 },
      no62,
    ],
    ['CGU-66: a face to face, by default with the holder', ra, faceToFace, both],
    [
      'CGU-62: an unknown person, recorded as a representative',
      ra,
      { ...faceToFace, requesterRole: 'legalRepresentative', requester: uuid(79), mandate: c.L },
      no62,
    ],
    [
      'CGU-62: a representative, recorded without a person',
      ra,
      { ...faceToFace, requesterRole: 'legalRepresentative', mandate: c.L },
      no62,
    ],
  ] as const)('%s', async (...[, by, more, outcome]) => {
    expect(await askedBy(by, more)).toBe(outcome)
  })

  it('CGU-62: a mandate without the power to revoke, of another entity, ended or over, is not enough', async () => {
    for (const more of [{ powers: ['request'] }, { entity: uuid(21) }, { untilOn: '2026-03-01' }]) {
      const weak = on(appointment, uuid(31), f.proposed(more), f.checked, f.undertaken)
      expect(await askedBy(mc, { channel: 'signedIn', mandate: uuid(31) }, [weak, ...live])).toBe(no62)
    }
    const left = on(appointment, uuid(31), f.proposed(), f.checked, f.undertaken, f.ended)
    expect(await askedBy(mc, { channel: 'signedIn', mandate: uuid(31) }, [left, ...live])).toBe(no62)
    const file = on(certificate, S, f.planned, f.issued)
    expect(await askedBy(mc, { channel: 'signedIn', mandate: M }, [file])).toBe(no62)
  })

  it.each([
    ['CGU-66 IDENTITY_DOCUMENT_REQUIRED', ra, { channel: 'faceToFace', ra: 'dgddi' }],
    ['CGU-68 SIGNATURE_REQUIRED', ra, { channel: 'email', ra: 'dgddi' }],
    ['CGU-68 SIGNATURE_REQUIRED', ra, { channel: 'post', ra: 'centrale' }],
    ['CGU-63 REVOCATION_MOTIVE_MISSING', ra, { channel: 'internal' }],
    ['CGU-63 REVOCATION_MOTIVE_MISSING', ra, { channel: 'internal', note: ' ' }],
    ['CGU-64 REVOCATION_MOTIVE_MISSING', ca, { channel: 'internal' }],
  ] as const)('%s: what the channel asks for is not there', async (outcome, by, more) => {
    expect(await askedBy(by, more)).toBe(outcome)
  })
})

describe('what a request says', () => {
  it.each([
    ['Zoë Maëlle D’Été-Brûlé', both],
    ["D'ETE BRULE Maelle Zoe", both],
    ['  d été brûlé,  ZOE maelle ', both],
    // As he stands in the certificate.
    ['Zoë D’Été-Brûlé', both],
    ['D’Été-Brûlé', 'CGU-71 HOLDER_NAME_MISMATCH'],
    ['Zoé Maëlle Dupont', 'CGU-71 HOLDER_NAME_MISMATCH'],
    ['', 'CGU-71 HOLDER_NAME_MISMATCH'],
  ])('CGU-71: the holder named %j', async (holderName, outcome) => {
    expect(await askedBy(holder, { holderName })).toBe(outcome)
  })

  it.each([
    ['Zoë Maëlle D’Été-Brûlé', both],
    ['Zoë Maëlle Martin', both],
    ['Zoë Maëlle Dupont', 'CGU-71 HOLDER_NAME_MISMATCH'],
  ])('CGU-71, CGU-97: of a certificate whose holder has another name since, named %j', async (...row) => {
    const [holderName, outcome] = row
    const corrected: RequestEvent = {
      type: 'RegistrationCorrected',
      data: { fields: ['surname'], values: { surname: 'Martin' }, asker: ra.person },
    }
    const file = [f.requested(), f.validated, f.sessionOpened, f.handedOver, corrected]
    expect(await askedBy(holder, { holderName }, [on(request, R, ...file), ...live.slice(1)])).toBe(outcome)
  })

  it('CGU-72: the requester is named', async () => {
    expect(await askedBy(ra, { ...faceToFace, requesterName: ' ' })).toBe('CGU-72 REQUESTER_NAME_MISSING')
  })

  it.each([
    ['no certificate', [], 'CGU-73 CERTIFICATE_UNKNOWN'],
    ['a plan', [f.planned], 'CGU-73 CERTIFICATE_UNKNOWN'],
    ['an abandoned serial', [f.planned, f.abandoned], 'CGU-73 CERTIFICATE_UNKNOWN'],
    ['a certificate not yet accepted', [f.planned, f.issued], both],
    ['a certificate its holder refused', [f.planned, f.issued, f.refusedByHolder], both],
    ['a certificate that is revoked', [f.planned, f.issued, f.revoked], 'nothing'],
    [
      'a responder',
      [{ ...f.planned, data: { ...f.planned.data, profile: 'ocspResponder' } } as typeof f.planned, f.issued],
      'CGU-73 CERTIFICATE_UNKNOWN',
    ],
  ] as const)('CGU-73: of %s', async (...[, events, outcome]) => {
    const facts = [on(request, R, f.requested()), on(certificate, S, ...events)]
    expect(await askedBy(holder, {}, facts)).toBe(outcome)
  })

  it.each([
    'dataChanged',
    'keyCompromised',
    'keyCompromiseSuspected',
    'activationDataCompromised',
    undefined,
  ] as const)('CGU-74, CGU-97, CGU-98: the cause (%s) is optional, and kept sealed', async (cause) => {
    const more = cause === undefined ? {} : { cause }
    await when()
      .when(requestRevocation(policy), { ...asked, ...more }, holder)
      .then([
        { type: 'RevocationRequested', data: more },
        { type: 'CertificateRevoked', data: more },
      ])
    const event: CertificateEvent = {
      type: 'CertificateRevoked',
      data: {
        ...{ revokedAt: '2026-03-02T09:00:00Z', origin: 'request', authentication: 'portal' },
        ...more,
      },
    }
    expect(JSON.stringify(certificate.encode(event).pub)).not.toContain(cause ?? 'cause')
  })
})

describe('CGU-75: authenticated and checked, then revoked', () => {
  it.each([
    ['portal', holder, {}, 'portal', 'request'],
    ['signedIn', mc, { mandate: M }, 'signedIn', 'request'],
    ['faceToFace', ra, { documentKind: 'passport' }, 'identityDocument', 'request'],
    ['callCentre', ra, { authentication: 'callback' }, 'callback', 'request'],
    ['email', ra, { signatureForm: 'electronic', authentication: 'signature' }, 'signature', 'request'],
    ['post', ra, { signatureForm: 'handwritten', authentication: 'callback' }, 'callback', 'request'],
    ['internal', ra, { cause: 'dossierError' }, 'exOfficio', 'exOfficio'],
  ] as const)(
    'CGU-75: by %s, revoked at this instant, authenticated',
    async (...[channel, by, more, authentication, origin]) => {
      const order = { ...asked, channel, ra: 'centrale', ...more, receivedAt: '2026-03-01T08:00:00Z' }
      // Who asks for himself is heard now: he does not set the start of his own delay (CGU-76).
      const firstReceivedAt = by === ra ? order.receivedAt : '2026-03-02T09:00:00Z'
      await when()
        .when(requestRevocation(policy), order, by)
        .then([
          { type: 'RevocationRequested', data: { firstReceivedAt, locator: S } },
          {
            type: 'CertificateRevoked',
            data: { revokedAt: '2026-03-02T09:00:00Z', origin, authentication, revocation: uuid(80) },
          },
        ])
    },
  )

  it.each([
    ['callCentre', 'signature'],
    ['callCentre', 'exOfficio'],
    ['email', 'portal'],
    ['faceToFace', 'callback'],
  ] as const)('CGU-75: a request by %s is not authenticated by %s', async (channel, authentication) => {
    const more = { ...form, channel, ra: 'centrale', authentication }
    expect(await askedBy(ra, more)).toBe(notAuthenticated)
  })

  it('CGU-98: an instant of receipt that is still to come is not believed', () =>
    when()
      .when(requestRevocation(policy), { ...asked, receivedAt: '2026-03-09T09:00:00Z' }, holder)
      .then([
        { type: 'RevocationRequested', data: { firstReceivedAt: '2026-03-02T09:00:00Z' } },
        { type: 'CertificateRevoked' },
      ]))

  const waiting = (...events: readonly CertificateEvent[]) => [
    on(request, R, f.requested()),
    on(certificate, S, f.planned, f.issued, f.acceptedByHolder, ...events),
  ]
  const decide = (
    order: Partial<RevokeCertificate['data']>,
    by: Actor,
    ...events: readonly CertificateEvent[]
  ) =>
    given(...waiting(...events))
      .when(revokeCertificate, { serial: S, origin: 'request', ...order }, by)
      .outcome()
  const byCall = c.received()
  const byMail = c.received({ revocation: uuid(81), channel: 'email', signatureForm: 'handwritten' })

  it.each([
    ['a call, called back', [byCall], { authentication: 'callback' }, 'CertificateRevoked'],
    ['a call, not called back', [byCall], {}, notAuthenticated],
    ['a call, by a signature', [byCall], { authentication: 'signature' }, notAuthenticated],
    ['a call, ex officio', [byCall], { authentication: 'exOfficio' }, notAuthenticated],
    ['a letter, its signature checked', [byMail], { authentication: 'signature' }, 'CertificateRevoked'],
    ['no request', [], { authentication: 'callback' }, notAuthenticated],
    ['another request', [byCall], { revocation: uuid(82), authentication: 'callback' }, notAuthenticated],
    ['one of two, not said which', [byCall, byMail], { authentication: 'callback' }, notAuthenticated],
    [
      'one of two, by the proof of the other',
      [byCall, byMail],
      { revocation: uuid(80), authentication: 'signature' },
      notAuthenticated,
    ],
    [
      'one of two',
      [byCall, byMail],
      { revocation: uuid(81), authentication: 'signature' },
      'CertificateRevoked',
    ],
    ['a rejected request', [byCall, c.rejected], { authentication: 'callback' }, notAuthenticated],
    ['a certificate that is revoked', [byCall, f.revoked], { authentication: 'callback' }, 'nothing'],
  ] as const)('CGU-75: %s', async (...[, events, order, outcome]) => {
    expect(await decide(order, ra, ...events)).toBe(outcome)
    expect(await decide(order, ca, ...events)).toBe(outcome)
  })

  it('CGU-75: an officer revokes nothing ex officio without a request of his own', async () => {
    for (const origin of ['exOfficio', 'undelivered', 'cardScrapped', 'termination'] as const)
      expect(await decide({ origin, authentication: 'exOfficio' }, ra)).toBe(notAuthenticated)
    for (const by of [holder, mc, f.officerA]) expect(await decide({}, by, byCall)).toBe(no06)
  })

  it('CGU-74: the request’s cause goes with the revocation, unless the officer knows better', async () => {
    const stolen = c.received({ cause: 'cardStolen' })
    const order = { serial: S, origin: 'request', authentication: 'callback' } as const
    for (const [more, cause] of [
      [{}, 'cardStolen'],
      [{ cause: 'cardLost' } as const, 'cardLost'],
    ] as const)
      await given(...waiting(stolen))
        .when(revokeCertificate, { ...order, ...more }, ra)
        .then([{ type: 'CertificateRevoked', data: { cause, origin: 'request', revocation: uuid(80) } }])
  })

  const reject = (
    by: Actor,
    order: Partial<RejectRevocation['data']>,
    ...events: readonly CertificateEvent[]
  ) =>
    given(...waiting(...events))
      .when(rejectRevocation, { serial: S, cause: 'REVOCATION_NOT_AUTHENTICATED', ...order }, by)
      .outcome()

  it.each([
    ['an open request', ra, {}, [byCall], 'RevocationRejected'],
    ['one of two, by its name', ca, { revocation: uuid(81) }, [byCall, byMail], 'RevocationRejected'],
    ['one of two, not said which', ra, {}, [byCall, byMail], 'CGU-75 OUT_OF_ORDER'],
    ['no request', ra, {}, [], 'CGU-75 OUT_OF_ORDER'],
    ['a request that is rejected', ra, {}, [byCall, c.rejected], 'CGU-75 OUT_OF_ORDER'],
    ['a request that was carried out', ra, {}, [byCall, f.revoked], 'CGU-75 OUT_OF_ORDER'],
    ['an open request, by its holder', holder, {}, [byCall], no06],
  ] as const)('CGU-71, CGU-73, CGU-75: rejected — %s', async (...[, by, order, events, outcome]) => {
    expect(await reject(by, order, ...events)).toBe(outcome)
  })

  it('CGU-73: an unknown serial has nothing to reject', async () => {
    const none = given().when(rejectRevocation, { serial: S, cause: 'REVOKER_NOT_ENTITLED' }, ra)
    await none.then('CGU-73 CERTIFICATE_UNKNOWN')
  })

  it.each(Object.entries(rejections))('CGU-75: rejected as %s, which is %s', async (cause, clause) => {
    await given(...waiting(byCall))
      .when(rejectRevocation, { serial: S, cause: cause as RejectRevocation['data']['cause'] }, ra)
      .then([{ type: 'RevocationRejected', data: { revocation: uuid(80), cause, clause } }])
  })
})

describe('CGU-75: revoked is final', () => {
  type Any = Decider<Certificate, Command, CertificateEvent, unknown>
  const commands: readonly (readonly [unknown, object])[] = [
    [requestRevocation(policy), asked],
    [requestRevocation(policy), { ...asked, ...faceToFace }],
    [requestRevocation(policy), { ...asked, channel: 'callCentre', ra: 'centrale' }],
    [revokeCertificate, { serial: S, origin: 'cardScrapped' }],
    [revokeCertificate, { serial: S, origin: 'request', authentication: 'callback' }],
    [rejectRevocation, { serial: S, cause: 'REVOKER_NOT_ENTITLED' }],
    [acceptCertificate, { serial: S, ...f.presented }],
    [refuseCertificate(policy), { serial: S, ...f.presented, cause: 'contentWrong' }],
  ]
  const everybody = [holder, ra, ca, mc, program]
  const file = request.evolve(request.initial, f.requested())

  it('CGU-75: no sequence of commands leads from revoked to anything else, nor to a second revocation', () => {
    const step = fc.tuple(fc.nat(commands.length - 1), fc.nat(everybody.length - 1))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let state = [f.planned, f.issued].reduce(certificate.evolve, certificate.initial)
        let revocations = 0
        for (const [n, [which, who]] of steps.entries()) {
          const [decider, data] = commands[which]! as [Any, object]
          const by = everybody[who]!
          if (!decider.who.includes(by.role)) continue
          const order = { type: decider.type, id: uuid(n), by, at: '2026-03-02T09:00:00Z' }
          const facts = decider.type === 'RevokeCertificate' ? file : { file, appointment: undefined }
          const decision = decider.decide(
            { ...order, data: { ...data, revocation: uuid(200 + n) } },
            state,
            facts,
          )
          const events = 'accepted' in decision ? decision.accepted : []
          const before = state
          state = events.reduce(certificate.evolve, state)
          revocations += events.filter(({ type }) => type === 'CertificateRevoked').length
          if (before.status === 'revoked') expect([state, events]).toEqual([before, []])
        }
        expect(revocations).toBeLessThanOrEqual(1)
        if (state.status === 'revoked') expect(state.revocations).toEqual([])
      }),
      { seed: 76, numRuns: 400 },
    )
  })
})
