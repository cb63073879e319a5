import { describe, expect, it } from 'vitest'
import { acceptCgu } from '../../commands/acceptCgu.ts'
import { completeDossier, type CompleteDossier } from '../../commands/completeDossier.ts'
import { requestCertificate, type RequestCertificate } from '../../commands/requestCertificate.ts'
import { closeSession, handOverCard, openSession } from '../../commands/sessions.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { verifyEntity, type VerifyEntity } from '../../commands/verifyEntity.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { appointment } from '../../domain/appointment.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { document } from '../../domain/document.ts'
import { entity } from '../../domain/entity.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { AgentRecord } from '../../domain/policy/cardKind.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

const { R, E, M, C, S, policy, holder, ra, mc } = f

const agent: RequestCertificate['data']['holder'] = {
  ...{
    kind: 'agent',
    surname: "D'Été-Brûlé",
    givenNames: 'Zoë Maëlle',
    nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
  },
  ...{ email: 'zoe@douane.example', matricule: '0012345678' },
}
const { matricule: _, ...unnumbered } = agent
const stranger = { ...unnumbered, birth: '1990-04-05' }
/** As the referential has her. */
const zoe: AgentRecord = {
  ...{ matricule: '0012345678', surname: "D'ETE-BRULE", givenNames: 'Zoe Maelle' },
  ...{ siren: '110020013', active: true },
}
const demand: RequestCertificate['data'] = {
  ...{ request: R, person: uuid(1), drawn: true, holder: agent, entity: E, cardKind: 'agent', ra: 'dgddi' },
  ...{ profile: 'encryption', escrow: true },
  looked: { readAt: morning, agent: zoe, inRaDirectory: false },
}
const mandated = on(appointment, M, f.proposed(), f.checked, f.undertaken)

/** What becomes of a request for a certificate that differs from an agent's own in `more`. */
const askedBy = (by: Actor, more: Partial<RequestCertificate['data']> = {}, at = morning) =>
  given(f.employer, mandated)
    .when(requestCertificate(policy), { ...demand, ...more }, by, at)
    .outcome()

describe('a request for a certificate', () => {
  it('CGU-31, CGU-32, CGU-33: holds name, identification data and entity, and the terms of the policy', () =>
    given(f.employer)
      .when(requestCertificate(policy), demand, ra)
      .then([
        {
          type: 'CertificateRequested',
          data: {
            ...{ surname: "D'Été-Brûlé", givenNames: 'Zoë Maëlle', nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ" },
            ...{ matricule: '0012345678', entity: E, requester: ra.person, person: uuid(1) },
            ...{ policyOid: '1.2.250.1.131.1.11.7.3.1.1', validityYears: 3, path: 'direct' },
            ...{ escrow: true, escrowYears: 10, recoverOldKeys: true },
          },
        },
      ]))

  it.each([
    ['the future holder', holder, {}, 'CertificateRequested'],
    ['the RA', ra, {}, 'CertificateRequested'],
    ['a certification agent under his mandate', mc, { mandate: M }, 'CertificateRequested'],
    ['a certification agent without a mandate', mc, {}, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['a holder, for somebody else', holder, { person: uuid(77) }, 'CGU-21 REQUESTER_NOT_ENTITLED'],
    ['an officer, for himself', ra, { person: ra.person }, 'CGU-04 SELF_APPROVAL'],
    ['an agent, for himself', mc, { mandate: M, person: mc.person }, 'CGU-04 SELF_APPROVAL'],
    ['a recovery officer', f.officerA, {}, 'CGU-21 ROLE_NOT_HELD'],
    ['an auditor', actor('auditor', 70), {}, 'CGU-21 ROLE_NOT_HELD'],
  ] as const)('CGU-21: made by %s', async (_, by, more, outcome) => {
    expect(await askedBy(by, more)).toBe(outcome)
  })

  it.each([
    ['CGU-10: a signature certificate', { profile: 'signature' }, 'CGU-10 PROFILE_NOT_OFFERED'],
    ['CGU-39: without escrow', { escrow: false }, 'CGU-39 ESCROW_MANDATORY'],
    ['CGU-33: at a direction that is no RA', { ra: 'dgfip' }, 'CGU-33 REQUEST_INCOMPLETE'],
  ])('%s is refused', async (_, more, outcome) => {
    expect(await askedBy(ra, more)).toBe(outcome)
  })

  it.each([
    ['0012345678', 'CertificateRequested'],
    ['0000000000', 'CertificateRequested'],
    ['12345678', 'CGU-27 MATRICULE_INVALID'],
    ['001234567', 'CGU-27 MATRICULE_INVALID'],
    ['00123456789', 'CGU-27 MATRICULE_INVALID'],
    ['001234567A', 'CGU-27 MATRICULE_INVALID'],
    [' 012345678', 'CGU-27 MATRICULE_INVALID'],
    ['0012345678\n', 'CGU-27 MATRICULE_INVALID'],
    ['٠٠١٢٣٤٥٦٧٨', 'CGU-27 MATRICULE_INVALID'],
  ])('CGU-27: the matricule %j has ten digits, its leading zeros with them', async (matricule, outcome) => {
    expect(await askedBy(ra, { holder: { ...agent, matricule } })).toBe(outcome)
  })

  it('CGU-07, CGU-15: a holder is an agent, or tied to the ministries through an entity that the certificate names', async () => {
    await given(f.employer)
      .when(requestCertificate(policy), demand, ra)
      .then([{ type: 'CertificateRequested', data: { holderKind: 'agent', entity: E } }])
    expect(await given().when(requestCertificate(policy), demand, ra).outcome()).toBe(
      'CGU-33 REQUEST_INCOMPLETE',
    )
  })

  it('CGU-27: an agent without a matricule is refused', async () => {
    expect(await askedBy(ra, { holder: stranger })).toBe('CGU-27 MATRICULE_INVALID')
  })

  it.each([
    ['CGU-27', 'agent', 'agent', ra, 'CertificateRequested'],
    ['CGU-27', 'newcomer', 'agent', mc, 'CGU-27 AGENT_CARD_NOT_ALLOWED'],
    ['CGU-27', 'contractor', 'agent', mc, 'CGU-27 AGENT_CARD_NOT_ALLOWED'],
    ['CGU-28', 'agent', 'temporary', ra, 'CertificateRequested'],
    ['CGU-29', 'newcomer', 'temporary', ra, 'CGU-29 MANDATE_REQUIRED'],
    ['CGU-29', 'newcomer', 'temporary', mc, 'CertificateRequested'],
    ['CGU-30', 'contractor', 'temporary', ra, 'CGU-30 MANDATE_REQUIRED'],
    ['CGU-30', 'contractor', 'temporary', holder, 'CGU-30 MANDATE_REQUIRED'],
    ['CGU-30', 'contractor', 'temporary', mc, 'CertificateRequested'],
  ] as const)('%s: %s, %s card, by %o', async (...[, kind, cardKind, by, outcome]) => {
    const person = kind === 'agent' ? { ...agent, kind } : { ...stranger, kind }
    const mandate = by.role === 'mc' ? { mandate: M } : {}
    const cause = cardKind === 'temporary' ? ({ temporaryCause: 'forgotten' } as const) : {}
    expect(await askedBy(by, { holder: person, cardKind, ...cause, ...mandate })).toBe(outcome)
  })

  it.each([
    ['in force', f.proposed(), morning, mc, 'CertificateRequested'],
    ['on its first day, in France', f.proposed(), '2026-01-31T23:00:00Z', mc, 'CertificateRequested'],
    ['a second before its first day', f.proposed(), '2026-01-31T22:59:59Z', mc, 'refused'],
    ['on its last second, in France', f.proposed(), '2026-12-31T22:59:59Z', mc, 'CertificateRequested'],
    ['after its last day', f.proposed(), '2026-12-31T23:00:00Z', mc, 'refused'],
    ['of another entity', f.proposed({ entity: uuid(21) }), morning, mc, 'refused'],
    ['of another agent', f.proposed({ person: uuid(78) }), morning, mc, 'refused'],
    ['without the power', f.proposed({ powers: ['revoke'] }), morning, mc, 'refused'],
    ['in another role', f.proposed({ role: 'legalRepresentative' }), morning, mc, 'refused'],
  ] as const)('CGU-08, CGU-23: a mandate %s', async (...[, mandate, at, by, outcome]) => {
    const facts = on(appointment, M, mandate, f.checked, f.undertaken)
    const order = { ...demand, mandate: M }
    const found = await given(f.employer, facts).when(requestCertificate(policy), order, by, at).outcome()
    expect(found).toBe(outcome === 'refused' ? 'CGU-23 MANDATE_NOT_IN_FORCE' : outcome)
  })

  it.each([
    ['proposed', [f.proposed()]],
    ['checked', [f.proposed(), f.checked]],
    ['ended', [f.proposed(), f.checked, f.undertaken, f.ended]],
  ] as const)('CGU-23: a mandate that is only %s gives no power', async (_, events) => {
    const when = given(on(appointment, M, ...events)).when(
      requestCertificate(policy),
      { ...demand, mandate: M },
      mc,
    )
    await when.then('CGU-23 MANDATE_NOT_IN_FORCE')
  })

  it.each([
    [{ surname: 'D ETE BRULE', givenNames: 'Maelle Zoe' }, uuid(1), 'CertificateRequested'],
    [{ surname: 'D’Été‑Brûlé', givenNames: 'Zoë-Maëlle' }, uuid(1), 'CertificateRequested'],
    [{ surname: 'Dupont', givenNames: 'Zoë Maëlle' }, uuid(1), 'CGU-04 PERSON_MISMATCH'],
    [{ surname: 'D’Été-Brûlé', givenNames: 'Zoë' }, uuid(1), 'CGU-04 PERSON_MISMATCH'],
    [{}, uuid(78), 'CGU-04 PERSON_MISMATCH'],
    [{ matricule: '0012345679' }, uuid(1), 'CGU-04 PERSON_MISMATCH'],
  ])(
    'CGU-04: %j, as person %s, relying on an earlier file of that person',
    async (names, person, outcome) => {
      const earlier = uuid(11)
      const holder = { ...agent, ...names }
      // Whoever he is, the referential knows him so: it is the earlier file that tells.
      const looked = { ...demand.looked, agent: { ...zoe, ...names } }
      const order = { ...demand, person, drawn: false, earlier, holder, looked }
      const facts = on(request, earlier, f.requested())
      expect(await given(f.employer, facts).when(requestCertificate(policy), order, ra).outcome()).toBe(
        outcome,
      )
    },
  )

  it.each([
    ['the RA', ra, {}, 'CGU-04 PERSON_MISMATCH'],
    ['an agent', mc, { mandate: M }, 'CGU-04 PERSON_MISMATCH'],
    ['the holder himself, for the first time', holder, {}, 'CertificateRequested'],
  ])('CGU-04: a number that was not drawn and has no file, given by %s', async (...[, by, more, outcome]) => {
    expect(await askedBy(by, { drawn: false, ...more })).toBe(outcome)
  })
})

describe('the file', () => {
  const pieces: CompleteDossier['data']['pieces'] = ['requestForm', 'identityCopy', 'mandate', 'cguSigned']
  const identityDocument = { documentKind: 'passport', documentNumber: '12AB34567' } as const
  const complete = { request: R, pieces, oldestSignedOn: '2026-02-01', scans: 'scans', ...identityDocument }

  it.each([
    [pieces, '2025-12-02', 'DossierCompleted'],
    [pieces, '2025-12-01', 'CGU-08 MANDATE_TOO_OLD'],
    ...pieces.map((left) => [
      pieces.filter((piece) => piece !== left),
      '2026-02-01',
      'CGU-29 DOSSIER_INCOMPLETE',
    ]),
  ] as [typeof pieces, string, string][])(
    'CGU-29, CGU-08: pieces %j, the oldest of %s',
    async (given_, oldestSignedOn, outcome) => {
      const order = { ...complete, pieces: given_, oldestSignedOn, mandate: M }
      const start = given(mandated, on(request, R, f.requested({ path: 'mandate' })))
      expect(await start.when(completeDossier(policy), order, mc).outcome()).toBe(outcome)
    },
  )

  it.each([
    ['the agent under his mandate', 'mandate', mc, M, f.proposed(), 'DossierCompleted'],
    ['the RA', 'mandate', ra, undefined, f.proposed(), 'DossierCompleted'],
    ['the agent, mandate not named', 'mandate', mc, undefined, f.proposed(), 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['another agent', 'mandate', actor('mc', 78, [E]), M, f.proposed(), 'CGU-23 MANDATE_NOT_IN_FORCE'],
    [
      'an agent of another entity',
      'mandate',
      mc,
      M,
      f.proposed({ entity: uuid(21) }),
      'CGU-23 MANDATE_NOT_IN_FORCE',
    ],
    [
      'an agent who may only revoke',
      'mandate',
      mc,
      M,
      f.proposed({ powers: ['revoke'] }),
      'CGU-23 MANDATE_NOT_IN_FORCE',
    ],
    [
      'an agent, once his term is over',
      'mandate',
      mc,
      M,
      f.proposed({ untilOn: '2026-03-01' }),
      'CGU-23 MANDATE_NOT_IN_FORCE',
    ],
    [
      'an officer, for himself',
      'mandate',
      actor('raOfficer', 1),
      undefined,
      f.proposed(),
      'CGU-04 SELF_APPROVAL',
    ],
    ['the agent, of a direct request', 'direct', mc, M, f.proposed(), 'CGU-29 OUT_OF_ORDER'],
  ] as const)(
    'CGU-08, CGU-23, CGU-29: completed by %s',
    async (...[, path, by, mandate, proposed, outcome]) => {
      const order = { ...complete, ...(mandate && { mandate }) }
      const facts = on(appointment, M, proposed, f.checked, f.undertaken)
      const start = given(facts, on(request, R, f.requested({ path })))
      expect(await start.when(completeDossier(policy), order, by).outcome()).toBe(outcome)
    },
  )

  it.each([
    ['CGU-24: the RA, direct', 'direct', ra, {}, 'IdentityVerified'],
    ['CGU-24: an agent, direct', 'direct', mc, { mandate: M }, 'CGU-26 VERIFIER_WRONG'],
    ['CGU-26: the agent, by mandate', 'mandate', mc, { mandate: M }, 'IdentityVerified'],
    ['CGU-26: the agent, mandate not named', 'mandate', mc, {}, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['CGU-26: the RA, by mandate', 'mandate', ra, {}, 'CGU-26 VERIFIER_WRONG'],
    ['CGU-04: an officer for himself', 'direct', actor('raOfficer', 1), {}, 'CGU-04 SELF_APPROVAL'],
    ['CGU-04: the holder', 'direct', holder, {}, 'CGU-26 ROLE_NOT_HELD'],
  ] as const)('identity verified by — %s', async (...[, path, by, mandate, outcome]) => {
    const facts = [mandated, on(request, R, f.requested({ path }))]
    const order = { request: R, ...f.inPerson, entityTieChecked: true, ...mandate } as const
    expect(
      await given(...facts)
        .when(verifyIdentity, order, by)
        .outcome(),
    ).toBe(outcome)
  })

  it.each([
    ['CGU-24: documentKind', 'direct', ra, {}],
    ['CGU-24: documentNumber', 'direct', ra, { documentKind: 'passport', documentNumber: ' ' }],
    ['CGU-26: documentNumber', 'mandate', mc, { documentKind: 'passport', mandate: M }],
  ] as const)('in person without its reference — %s', async (title, path, by, shown) => {
    const order = { request: R, method: 'inPerson', entityTieChecked: true, ...shown } as const
    const when = given(mandated, on(request, R, f.requested({ path }))).when(verifyIdentity, order, by)
    const [clause] = title.split(':')
    expect(await when.outcome()).toBe(`${clause} IDENTITY_DOCUMENT_REQUIRED`)
  })

  const required24 = 'CGU-24 IDENTITY_DOCUMENT_REQUIRED'
  const contracted = { path: 'mandate', holderKind: 'contractor' }
  it.each([
    ['CGU-24: an agent of the referential, by it', 'referential', ra, {}, 'IdentityVerified'],
    ['CGU-24: whoever has an earlier file, by it', 'file', ra, { reliesOn: uuid(12) }, 'IdentityVerified'],
    ['CGU-24: by a file that there is not', 'file', ra, {}, required24],
    ['CGU-26: by the mandate of nobody', 'mandate', ra, {}, 'CGU-26 VERIFIER_WRONG'],
    ['CGU-26: a contractor, by the agent', 'mandate', mc, contracted, 'IdentityVerified'],
    ['CGU-26: a contractor, by the file of the agent', 'file', mc, contracted, 'IdentityVerified'],
    [
      'CGU-26, CGU-30: a contractor, by a referential that does not know him',
      ...(['referential', mc, contracted, 'CGU-26 IDENTITY_DOCUMENT_REQUIRED'] as const),
    ],
  ] as const)('identity verified — %s', async (...[, method, by, file, outcome]) => {
    const order = { request: R, method, entityTieChecked: true, ...(by === mc && { mandate: M }) }
    const when = given(mandated, on(request, R, f.requested(file))).when(verifyIdentity, order, by)
    expect(await when.outcome()).toBe(outcome)
  })

  const next = on(document, 'cgu', {
    type: 'DocumentAdopted',
    data: { version: '2.0', sha256: f.digest, effectiveFrom: morning, approvedBy: 'supervisor' },
  })
  const acceptance = { request: R, cguVersion: '1.0', means: 'portal', directoryAgreed: true } as const

  it.each([
    ['the version in force', [f.cguInForce], holder, 'CguAccepted'],
    ['a version replaced this second', [f.cguInForce, next], holder, 'CGU-19 CGU_NOT_CURRENT'],
    ['a version that none adopted', [], holder, 'CGU-19 CGU_NOT_CURRENT'],
    ['for somebody else', [f.cguInForce], actor('holder', 77), 'CGU-16 ROLE_NOT_HELD'],
    ['by the desk', [f.cguInForce], ra, 'CGU-06 ROLE_NOT_HELD'],
  ])('CGU-16, CGU-19: acceptance of %s', async (_, cgu, by, outcome) => {
    const when = given(...cgu, on(request, R, f.requested())).when(acceptCgu, acceptance, by)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-40, CGU-45, CGU-92: acceptance asks for escrow and for old keys, and declares the data accurate', () =>
    given(f.cguInForce, on(request, R, f.requested()))
      .when(acceptCgu, acceptance, holder)
      .then([
        {
          type: 'CguAccepted',
          data: {
            escrowAsked: true,
            oldKeyRecoveryAsked: true,
            dataDeclaredAccurate: true,
            cguSha256: f.digest,
          },
        },
      ]))

  const ready = [f.requested(), f.accepted, f.identified]
  it.each([
    ['with everything', f.employer, ready, ra, 'RequestValidated'],
    ['by the holder, an officer himself', f.employer, ready, actor('raOfficer', 1), 'CGU-04 SELF_APPROVAL'],
    ['before the CGU', f.employer, [f.requested(), f.identified], ra, 'CGU-16 CGU_NOT_ACCEPTED'],
    ['before identification', f.employer, [f.requested(), f.accepted], ra, 'CGU-24 IDENTITY_NOT_VERIFIED'],
    ['of a closed entity', f.closedEmployer, ready, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['of an entity nobody verified', on(entity, E), ready, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['of an entity on its last day', f.employerUntil('2026-03-02'), ready, ra, 'RequestValidated'],
    ['of an entity after it', f.employerUntil('2026-03-01'), ready, ra, 'CGU-24 ENTITY_NOT_VERIFIED'],
    [
      'whose tie to the entity was not found',
      f.employer,
      [f.requested(), f.accepted, f.withoutTie],
      ra,
      'CGU-24 IDENTITY_NOT_VERIFIED',
    ],
    [
      'whose tie was found, and then not any more',
      f.employer,
      [...ready, f.withoutTie],
      ra,
      'CGU-24 IDENTITY_NOT_VERIFIED',
    ],
    [
      'by mandate, without the dossier',
      f.employer,
      [f.requested({ path: 'mandate' }), f.accepted, f.identified],
      ra,
      'CGU-29 DOSSIER_INCOMPLETE',
    ],
    [
      'by mandate, with it',
      f.employer,
      [f.requested({ path: 'mandate' }), f.accepted, f.dossier, f.identified],
      ra,
      'RequestValidated',
    ],
  ] as const)('CGU-04, CGU-24: a file validated %s', async (...[, employer, events, by, outcome]) => {
    const facts = [f.cguInForce, employer, on(request, R, ...events)]
    expect(
      await given(...facts)
        .when(validateRequest(policy), { request: R }, by)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-24: it lapses after the days of the policy, counted in France', () =>
    given(f.cguInForce, f.employer, on(request, R, ...ready))
      .when(validateRequest(policy), { request: R }, ra, '2026-03-02T23:30:00Z')
      .then([{ type: 'RequestValidated', data: { lapsesOn: '2026-06-01', identification: 'full' } }]))

  it.each([
    ['a closed entity', f.closedEmployer, {}, 'CGU-24 OUT_OF_ORDER'],
    ['an entity, again', f.employer, {}, 'EntityVerified'],
    ['on evidence that ends today', on(entity, E), { validUntil: '2026-03-02' }, 'EntityVerified'],
    ['on evidence that has ended', on(entity, E), { validUntil: '2026-03-01' }, 'CGU-24 ENTITY_NOT_VERIFIED'],
  ])('CGU-24: verified — %s', async (_, before, more, outcome) => {
    const order: VerifyEntity['data'] = {
      ...{ entity: E, kind: 'ministry', siren: '110020013', method: 'register', name: 'n' },
      ...{ address: 'a', contact: 'c', evidence: 'e' },
      ...more,
    }
    expect(await given(before).when(verifyEntity, order, ra).outcome()).toBe(outcome)
  })
})

describe('the session', () => {
  const lives: Readonly<Record<string, readonly RequestEvent[]>> = {
    unknown: [],
    open: [f.requested()],
    validated: [f.requested(), f.validated],
    inSession: [f.requested(), f.validated, f.sessionOpened],
    fulfilled: [f.requested(), f.validated, f.sessionOpened, f.handedOver],
    rejected: [f.requested(), { type: 'RequestRejected', data: { cause: 'x', clause: 'CGU-29' } }],
    closed: [f.requested(), { type: 'RequestClosed', data: { cause: 'withdrawn' } }],
  }
  const atHandover = [
    on(card, C, f.allotted, f.written, f.pinDefined),
    on(certificate, S, f.planned, f.issued, f.acceptedByHolder),
  ]
  const plan = {
    ...{ request: R, holderPresent: true, desk: uuid(45), serial: S, card: C, slots: 12, keySizes: [3072] },
    earlier: [],
  }
  const orders = {
    request: (events: readonly RequestEvent[]) =>
      given(f.employer, on(request, R, ...events)).when(requestCertificate(policy), demand, ra),
    cgu: (events: readonly RequestEvent[]) =>
      given(f.cguInForce, on(request, R, ...events)).when(
        acceptCgu,
        { request: R, cguVersion: '1.0', means: 'desk', directoryAgreed: false },
        holder,
      ),
    validate: (events: readonly RequestEvent[]) =>
      given(f.cguInForce, f.employer, on(request, R, ...events)).when(
        validateRequest(policy),
        { request: R },
        ra,
      ),
    open: (events: readonly RequestEvent[]) =>
      given(f.employer, f.deskInService(uuid(45)), on(request, R, ...events)).when(openSession, plan, ra),
    close: (events: readonly RequestEvent[]) =>
      given(on(request, R, ...events)).when(closeSession, { request: R, outcome: 'abandoned' }, ra),
    handOver: (events: readonly RequestEvent[]) =>
      given(...atHandover, on(request, R, ...events)).when(handOverCard, { request: R, receipt: 'reçu' }, ra),
  }
  const tooEarly = 'CGU-34 OUT_OF_ORDER'
  it.each([
    [
      'unknown',
      'CertificateRequested',
      'CGU-16 OUT_OF_ORDER',
      'CGU-24 OUT_OF_ORDER',
      tooEarly,
      tooEarly,
      tooEarly,
    ],
    ['open', 'CGU-21 OUT_OF_ORDER', 'CguAccepted', 'CGU-16 CGU_NOT_ACCEPTED', tooEarly, tooEarly, tooEarly],
    [
      'validated',
      'CGU-21 OUT_OF_ORDER',
      'CGU-16 OUT_OF_ORDER',
      'nothing',
      'SessionOpened',
      'nothing',
      tooEarly,
    ],
    [
      'inSession',
      'CGU-21 OUT_OF_ORDER',
      'CGU-16 OUT_OF_ORDER',
      'CGU-24 OUT_OF_ORDER',
      tooEarly,
      'SessionClosed',
      'CardHandedOver',
    ],
    [
      'fulfilled',
      'CGU-21 OUT_OF_ORDER',
      'CGU-16 OUT_OF_ORDER',
      'CGU-24 OUT_OF_ORDER',
      tooEarly,
      tooEarly,
      'nothing',
    ],
    [
      'rejected',
      'CGU-21 OUT_OF_ORDER',
      'CGU-16 OUT_OF_ORDER',
      'CGU-24 OUT_OF_ORDER',
      tooEarly,
      tooEarly,
      tooEarly,
    ],
    [
      'closed',
      'CGU-21 OUT_OF_ORDER',
      'CGU-16 OUT_OF_ORDER',
      'CGU-24 OUT_OF_ORDER',
      tooEarly,
      tooEarly,
      tooEarly,
    ],
  ])('CGU-34: from %s, what each command makes of it', async (life, ...outcomes) => {
    const found = await Promise.all(Object.values(orders).map((order) => order(lives[life] ?? []).outcome()))
    expect(found).toEqual(outcomes)
  })

  it.each([
    ['the holder away', { holderPresent: false }, ra, morning, 'CGU-34 HOLDER_ABSENT'],
    ['the officer for himself', {}, actor('raOfficer', 1), morning, 'CGU-04 SELF_APPROVAL'],
    ['on the last day of the file', {}, ra, '2026-05-31T21:59:59Z', 'SessionOpened'],
    ['after it', {}, ra, '2026-05-31T22:00:00Z', 'CGU-34 OUT_OF_ORDER'],
  ] as const)('CGU-34: a session opened with %s', async (...[, more, by, at, outcome]) => {
    const facts = on(request, R, ...lives['validated']!)
    expect(
      await given(f.employer, f.deskInService(plan.desk), facts)
        .when(openSession, { ...plan, ...more }, by, at)
        .outcome(),
    ).toBe(outcome)
  })

  it.each([
    ['on its last day', f.employerUntil('2026-03-02'), 'SessionOpened'],
    ['after it', f.employerUntil('2026-03-01'), 'CGU-24 ENTITY_NOT_VERIFIED'],
    ['closed since', f.closedEmployer, 'CGU-24 ENTITY_NOT_VERIFIED'],
  ])('CGU-24: a session opened for a holder of an entity %s', async (_, employer, outcome) => {
    const facts = on(request, R, ...lives['validated']!)
    const when = given(employer, f.deskInService(plan.desk), facts).when(openSession, plan, ra)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-34: after a session that failed, the next has the next number', () =>
    given(f.employer, f.deskInService(plan.desk), on(request, R, ...lives['inSession']!, f.sessionClosed))
      .when(openSession, { ...plan, serial: f.S2, card: uuid(41) }, ra)
      .then([{ type: 'SessionOpened', data: { session: 2, serial: f.S2, card: uuid(41) } }]))

  it.each([
    ['CGU-50: no PIN', [f.allotted, f.written], [f.acceptedByHolder], ra, 'CGU-50 PIN_NOT_DEFINED'],
    [
      'CGU-37: not accepted',
      [f.allotted, f.written, f.pinDefined],
      [],
      ra,
      'CGU-37 CERTIFICATE_NOT_ACCEPTED',
    ],
    [
      'CGU-37: refused',
      [f.allotted, f.written, f.pinDefined],
      [f.refusedByHolder],
      ra,
      'CGU-37 CERTIFICATE_NOT_ACCEPTED',
    ],
    [
      'CGU-37: accepted, then revoked',
      [f.allotted, f.written, f.pinDefined],
      [f.acceptedByHolder, f.revoked],
      ra,
      'CGU-37 CERTIFICATE_NOT_ACCEPTED',
    ],
    [
      'CGU-99: scrapped',
      [f.allotted, f.written, f.pinDefined, f.scrapped],
      [f.acceptedByHolder],
      ra,
      'CGU-50 PIN_NOT_DEFINED',
    ],
    [
      'CGU-04: to oneself',
      [f.allotted, f.written, f.pinDefined],
      [f.acceptedByHolder],
      actor('raOfficer', 1),
      'CGU-04 SELF_APPROVAL',
    ],
    ['CGU-35: in order', [f.allotted, f.written, f.pinDefined], [f.acceptedByHolder], ra, 'CardHandedOver'],
  ] as const)('the card handed over — %s', async (...[, cardEvents, answered, by, outcome]) => {
    const facts = [
      on(card, C, ...cardEvents),
      on(certificate, S, f.planned, f.issued, ...answered),
      on(request, R, ...lives['inSession']!),
    ]
    expect(
      await given(...facts)
        .when(handOverCard, { request: R, receipt: 'reçu' }, by)
        .outcome(),
    ).toBe(outcome)
  })
})
