// What a registration file needs, what the registers say of its holder, and what becomes of it on its way.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindSubjectName } from '../../commands/bindSubjectName.ts'
import { completeDossier, type CompleteDossier } from '../../commands/completeDossier.ts'
import { correctRegistration } from '../../commands/correctRegistration.ts'
import { closeRequest, rejectionCauses, rejectRequest } from '../../commands/endRequest.ts'
import { requestCertificate, type RequestCertificate } from '../../commands/requestCertificate.ts'
import { returnRequest } from '../../commands/returnRequest.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { appointment } from '../../domain/appointment.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { AgentRecord } from '../../domain/policy/cardKind.ts'
import { consequenceOf } from '../../domain/policy/correction.ts'
import { missingPieces } from '../../domain/policy/dossier.ts'
import { digestsOf } from '../../domain/policy/subject.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import { subject, type SubjectEvent } from '../../domain/subject.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as f from './facts.ts'

const { R, E, M, policy, holder, ra, mc, program } = f

const zoe: AgentRecord = {
  ...{ matricule: '0012345678', surname: 'DETE BRULE', givenNames: 'ZOE' },
  ...{ siren: '110020013', active: true },
}
const agent: RequestCertificate['data']['holder'] = {
  ...{ kind: 'agent', surname: 'Dété-Brûlé', givenNames: 'Zoë', nameInCertificate: 'Zoë DÉTÉ-BRÛLÉ' },
  ...{ email: 'zoe@douane.example', matricule: '0012345678' },
}
const demand: RequestCertificate['data'] = {
  ...{ request: R, person: uuid(1), drawn: true, holder: agent, entity: E, cardKind: 'agent' },
  ...{ ra: 'dgddi', profile: 'encryption', escrow: true },
  looked: { readAt: morning, agent: zoe, inRaDirectory: false },
}
const mandated = on(appointment, M, f.proposed(), f.checked, f.undertaken)
const asking = (more: Partial<RequestCertificate['data']>, by: Actor = ra, facts = [f.employer, mandated]) =>
  given(...facts).when(requestCertificate(policy), { ...demand, ...more }, by)

describe('the referential and the directory', () => {
  const left = { ...zoe, active: false }
  const other = { ...zoe, surname: 'Martin' }
  const elsewhere = { ...zoe, siren: '130020014' }
  it.each([
    ['knows the agent', zoe, 'agent', ra, 'CertificateRequested'],
    ['knows the agent, asked by himself', zoe, 'agent', holder, 'CertificateRequested'],
    ['knows him under another name', other, 'agent', ra, 'CGU-04 PERSON_MISMATCH'],
    ['knows him in another entity', elsewhere, 'agent', ra, 'CGU-04 PERSON_MISMATCH'],
    ['knows that he has left', left, 'agent', ra, 'CGU-27 AGENT_CARD_NOT_ALLOWED'],
    ['does not know him', 'unknown', 'agent', ra, 'CGU-27 AGENT_CARD_NOT_ALLOWED'],
    ['was never imported', 'empty', 'agent', ra, 'CGU-27 AGENT_CARD_NOT_ALLOWED'],
    ['knows him, for a temporary card', zoe, 'temporary', ra, 'CertificateRequested'],
    ['does not know him, temporary card', 'unknown', 'temporary', ra, 'CGU-29 MANDATE_REQUIRED'],
    ['was never imported, temporary card', 'empty', 'temporary', ra, 'CGU-29 MANDATE_REQUIRED'],
    ['does not know him, through an MC', 'unknown', 'temporary', mc, 'CertificateRequested'],
  ] as const)('CGU-27, CGU-28, CGU-29: the referential %s', async (...[, found, cardKind, by, outcome]) => {
    const looked = { ...demand.looked, agent: found }
    const mandate = by.role === 'mc' ? { mandate: M } : {}
    const asked = asking({ cardKind, temporaryCause: 'forgotten', looked, ...mandate }, by)
    expect(await asked.outcome()).toBe(outcome)
  })

  it('CGU-29: who says that he is an agent, and is in no referential, is recorded as a newcomer', () =>
    asking({ cardKind: 'temporary', mandate: M, looked: { ...demand.looked, agent: 'unknown' } }, mc).then([
      {
        type: 'CertificateRequested',
        data: { holderKind: 'newcomer', temporaryCause: 'newcomer', inReferential: false, path: 'mandate' },
      },
    ]))

  it('CGU-30: a contractor in the directory needs an agent and a file all the same; that he is in it is recorded', async () => {
    const { matricule: _, ...person } = agent
    const contractor = { ...person, kind: 'contractor', birth: '1990-04-05' } as const
    const looked = { ...demand.looked, agent: 'unknown', inRaDirectory: true } as const
    const asked = { holder: contractor, cardKind: 'temporary', looked } as const
    expect(await asking(asked).outcome()).toBe('CGU-30 MANDATE_REQUIRED')
    await asking({ ...asked, mandate: M }, mc).then([
      {
        type: 'CertificateRequested',
        data: { inRaDirectory: true, inReferential: false, temporaryCause: 'contractor' },
      },
    ])
  })

  it('CGU-28: why an agent has a temporary card is said', async () => {
    expect(await asking({ cardKind: 'temporary' }).outcome()).toBe('CGU-28 REQUEST_INCOMPLETE')
    const lost = { cardKind: 'temporary', temporaryCause: 'lost' } as const
    await asking(lost).then([{ type: 'CertificateRequested', data: { temporaryCause: 'lost' } }])
  })
})

describe('what a request says', () => {
  const without = (field: keyof typeof agent) =>
    Object.fromEntries(Object.entries(agent).filter(([name]) => name !== field)) as typeof agent
  const { matricule: _, ...nobody } = agent
  it.each([
    ['no name for the certificate', { holder: without('nameInCertificate') }, 'CGU-31 REQUEST_INCOMPLETE'],
    ['no surname', { holder: without('surname') }, 'CGU-32 REQUEST_INCOMPLETE'],
    ['no first names', { holder: without('givenNames') }, 'CGU-32 REQUEST_INCOMPLETE'],
    ['no e-mail', { holder: without('email') }, 'CGU-32 REQUEST_INCOMPLETE'],
    [
      'neither matricule nor birth',
      { holder: { ...nobody, kind: 'contractor' } },
      'CGU-32 REQUEST_INCOMPLETE',
    ],
    ['no entity', { entity: undefined }, 'CGU-33 REQUEST_INCOMPLETE'],
    ['an entity that nobody knows', { entity: uuid(77) }, 'CGU-33 REQUEST_INCOMPLETE'],
  ] as const)('CGU-31, CGU-32, CGU-33: %s', async (...[, more, outcome]) => {
    expect(await asking(more as Partial<RequestCertificate['data']>).outcome()).toBe(outcome)
  })
})

describe('a name in a certificate', () => {
  const mac = (text: string): string => Buffer.from(text).toString('hex').padEnd(64, '0').slice(-64)
  const of = { person: uuid(1), nameInCertificate: 'Zoë DÉTÉ-BRÛLÉ', surname: 'Dété', givenNames: 'Zoë' }
  const entity = { name: 'Direction générale', siren: '110020013' }
  const [name, mine, others] = ['1'.repeat(64), '2'.repeat(64), '3'.repeat(64)]
  const bound = (person: string, identityMac = mine): SubjectEvent => ({
    type: 'SubjectNameBound',
    data: { person, request: uuid(11), identityMac },
  })
  const destroyed = on(request, uuid(11), f.requested({ surname: { destroyed: true } }))
  const again = { drawn: false, earlier: uuid(11), digests: { name, identity: mine } }

  it.each([
    ['by nobody', [], 'CGU-116 PERSONAL_DATA_DESTROYED'],
    ['by the same human being', [bound(uuid(1))], 'CertificateRequested'],
    ['by another under the same number', [bound(uuid(1), others)], 'CGU-04 PERSON_MISMATCH'],
    ['by another person', [bound(uuid(78))], 'CGU-04 PERSON_MISMATCH'],
  ])(
    'CGU-04, CGU-116: asked again when the file is destroyed, the name was borne %s',
    async (_, events, outcome) => {
      const facts = [f.employer, destroyed, on(subject, name, ...events)]
      expect(await asking(again, ra, facts).outcome()).toBe(outcome)
    },
  )

  const binding = { digests: { name, identity: mine }, person: uuid(1), request: R }
  it.each([
    ['free', [], 'SubjectNameBound'],
    ['his', [bound(uuid(1))], 'nothing'],
    ['his, known by another digest, as the file it relies on says', [bound(uuid(1), others)], 'nothing'],
    ["another person's", [bound(uuid(78))], 'CGU-04 PERSON_MISMATCH'],
  ])('CGU-04: bound before the certificate is planned: it is %s', async (_, events, outcome) => {
    const files = [
      on(request, uuid(11), f.requested()),
      on(request, R, f.requested({ reliesOn: uuid(11) })),
      on(subject, name, ...events),
    ]
    expect(
      await given(...files)
        .when(bindSubjectName, binding, program)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-04: of another identity, with nothing that says it is the same person, it is refused', async () => {
    const facts = [on(request, R, f.requested()), on(subject, name, bound(uuid(1), others))]
    expect(
      await given(...facts)
        .when(bindSubjectName, binding, program)
        .outcome(),
    ).toBe('CGU-04 PERSON_MISMATCH')
  })

  it.each([
    ['before its card was made', [], 'CertificateRequested'],
    ['since its card was made', [f.validated, f.sessionOpened, f.handedOver], 'CGU-04 PERSON_MISMATCH'],
  ] as const)('CGU-04: a file that was made his by a correction %s', async (_, then, outcome) => {
    const corrected: RequestEvent = {
      type: 'RegistrationCorrected',
      data: { fields: ['matricule'], values: { matricule: '0012345678' }, asker: ra.person },
    }
    const names = { surname: 'Dété-Brûlé', givenNames: 'Zoë', matricule: '0099999999' }
    const facts = [f.employer, on(request, uuid(11), f.requested(names), ...then, corrected)]
    expect(await asking({ drawn: false, earlier: uuid(11) }, ra, facts).outcome()).toBe(outcome)
  })

  it('CGU-04: two people of one name keep two names, and a way of writing makes no other name', () => {
    const digests = (more: object) => digestsOf(mac, 'FR', { ...of, entity, ...more })
    const texts = (more: object) => {
      const found: string[] = []
      digestsOf((text) => found.push(text).toString(), 'FR', { ...of, entity, ...more })
      return found
    }
    expect(digests({}).name).toMatch(/^[0-9a-f]{64}$/)
    expect(texts({ nameInCertificate: 'ZOE DETE BRULE' })).toEqual(texts({}))
    expect(texts({ person: uuid(2) })[0]).not.toBe(texts({})[0])
    // A matricule stays the same person's under another name.
    expect(texts({ matricule: '0012345678', surname: 'Martin' })[1]).toBe(
      texts({ matricule: '0012345678' })[1],
    )
    expect(texts({ birth: '1990-04-05' })[1]).not.toBe(texts({ birth: '1991-04-05' })[1])
  })

  it.each([
    [ra, 'CertificateRequested'],
    [mc, 'CGU-04 PERSON_MISMATCH'],
  ] as const)('CGU-04: two numbers found to be one person are named by the RA — %o', async (by, outcome) => {
    const mandate = by.role === 'mc' ? { mandate: M } : {}
    expect(await asking({ samePersonAs: [uuid(78)], ...mandate }, by).outcome()).toBe(outcome)
  })
})

describe('the dossier', () => {
  const whole: CompleteDossier['data'] = {
    ...{ request: R, pieces: ['requestForm', 'identityCopy', 'mandate', 'cguSigned'], mandate: M },
    ...{ oldestSignedOn: '2026-02-01', scans: 's', documentKind: 'passport', documentNumber: '12AB' },
  }
  const { documentNumber: _, ...unnamed } = whole
  it.each([
    ['whole', whole, 'DossierCompleted'],
    [
      'with a delegation',
      { ...whole, pieces: ['requestForm', 'identityCopy', 'delegation', 'cguSigned'] },
      'DossierCompleted',
    ],
    ['without the reference of the document', unnamed, 'CGU-29 DOSSIER_INCOMPLETE'],
    ['signed tomorrow', { ...whole, oldestSignedOn: '2026-03-03' }, 'CGU-29 DOSSIER_INCOMPLETE'],
    ['signed today', { ...whole, oldestSignedOn: '2026-03-02' }, 'DossierCompleted'],
  ] as const)('CGU-29, CGU-30: %s', async (...[, order, outcome]) => {
    const start = given(mandated, on(request, R, f.requested({ path: 'mandate' })))
    expect(await start.when(completeDossier(policy), order, mc).outcome()).toBe(outcome)
  })

  it('CGU-29: the refusal lists every piece that is missing, and nothing else', () => {
    const all = ['requestForm', 'identityCopy', 'mandate', 'cguSigned'] as const
    fc.assert(
      fc.property(
        fc.subarray([...all]),
        fc.constantFrom('newcomer', 'contractor', 'agent'),
        (pieces, kind) => {
          expect(missingPieces(kind, pieces)).toEqual(all.filter((one) => !pieces.includes(one)))
        },
      ),
      { seed: 29 },
    )
  })

  const sentBack = { request: R, cause: 'piecesMissing', missing: ['cguSigned'], note: 'n' } as const
  it.each([
    ['the RA', ra, 'mandate', {}, 'RequestReturned'],
    ['the agent', mc, 'mandate', { mandate: M }, 'RequestReturned'],
    ['an agent without his mandate', mc, 'mandate', {}, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['an officer, for himself', actor('raOfficer', 1), 'mandate', {}, 'CGU-04 SELF_APPROVAL'],
    ['the RA, of a direct request, which has no pieces', ra, 'direct', {}, 'CGU-29 OUT_OF_ORDER'],
    ['the RA, the identity being doubtful', ra, 'direct', { cause: 'identityDoubtful' }, 'RequestReturned'],
    ['the holder', holder, 'mandate', {}, 'CGU-06 ROLE_NOT_HELD'],
  ] as const)('CGU-29: sent back by %s', async (...[, by, path, more, outcome]) => {
    const start = given(mandated, on(request, R, f.requested({ path })))
    expect(await start.when(returnRequest, { ...sentBack, ...more }, by).outcome()).toBe(outcome)
  })

  const returned = (
    data: Partial<Extract<RequestEvent, { type: 'RequestReturned' }>['data']>,
  ): RequestEvent => ({
    type: 'RequestReturned',
    data: { cause: 'piecesMissing', missing: ['cguSigned'], ...data },
  })
  const ready = [f.requested({ path: 'mandate' }), f.accepted, f.dossier, f.identified]
  it.each([
    ['never', ready, 'RequestValidated'],
    ['for a piece', [...ready, returned({})], 'CGU-29 DOSSIER_INCOMPLETE'],
    ['and completed again', [...ready, returned({}), f.dossier], 'RequestValidated'],
    ['for a doubt', [...ready, returned({ cause: 'identityDoubtful' })], 'CGU-24 IDENTITY_NOT_VERIFIED'],
  ])('CGU-24, CGU-29: sent back %s, validated or not', async (_, events, outcome) => {
    const start = given(f.cguInForce, f.employer, on(request, R, ...events))
    expect(await start.when(validateRequest(policy), { request: R }, ra).outcome()).toBe(outcome)
  })
})

describe('the end of a request', () => {
  const lives: Readonly<Record<string, readonly RequestEvent[]>> = {
    unknown: [],
    open: [f.requested()],
    validated: [f.requested(), f.validated],
    inSession: [f.requested(), f.validated, f.sessionOpened],
    fulfilled: [f.requested(), f.validated, f.sessionOpened, f.handedOver],
    rejected: [f.requested(), { type: 'RequestRejected', data: { cause: 'x', clause: 'CGU-29' } }],
    closed: [f.requested(), { type: 'RequestClosed', data: { cause: 'withdrawn' } }],
  }
  const no = 'CGU-21 OUT_OF_ORDER'
  it.each([
    ['unknown', no, no],
    ['open', 'RequestRejected', 'RequestClosed'],
    ['validated', 'RequestRejected', 'RequestClosed'],
    ['inSession', no, no],
    ['fulfilled', no, no],
    ['rejected', 'nothing', no],
    ['closed', no, 'nothing'],
  ] as const)('CGU-21: from %s, rejected and closed', async (life, ...outcomes) => {
    const start = given(on(request, R, ...lives[life]!))
    const reject = start.when(rejectRequest, { request: R, cause: 'PERSON_MISMATCH' }, ra)
    const close = start.when(closeRequest, { request: R, cause: 'withdrawn' }, ra)
    expect([await reject.outcome(), await close.outcome()]).toEqual(outcomes)
  })

  it.each(rejectionCauses)('CGU-21: rejected for %s, with the clause of it', (cause) =>
    given(on(request, R, f.requested()))
      .when(rejectRequest, { request: R, cause }, ra)
      .then([{ type: 'RequestRejected', data: { cause } }]),
  )

  it.each([
    ['the holder', holder, { cause: 'withdrawn' }, 'RequestClosed'],
    ['another holder', actor('holder', 78), { cause: 'withdrawn' }, 'CGU-21 REQUESTER_NOT_ENTITLED'],
    ['an agent', mc, { cause: 'withdrawn', mandate: M }, 'RequestClosed'],
    ['an agent without his mandate', mc, { cause: 'withdrawn' }, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['the RA, as made twice', ra, { cause: 'duplicate' }, 'RequestClosed'],
    ['the holder, as made twice', holder, { cause: 'duplicate' }, no],
    ['the RA, as lapsed', ra, { cause: 'lapsed' }, no],
    ['the program, of its own will', program, { cause: 'withdrawn' }, no],
  ] as const)('CGU-21: closed by %s', async (...[, by, more, outcome]) => {
    const start = given(mandated, on(request, R, f.requested({ path: 'mandate' })))
    expect(await start.when(closeRequest, { request: R, ...more }, by).outcome()).toBe(outcome)
  })

  it.each([
    ['on its last day, in France', '2026-05-31T21:59:59Z', no],
    ['a second later', '2026-05-31T22:00:00Z', 'RequestClosed'],
  ])('CGU-21: lapsed %s', async (_, at, outcome) => {
    const start = given(on(request, R, ...lives['validated']!))
    const order = start.when(closeRequest, { request: R, cause: 'lapsed' }, program, at)
    expect(await order.outcome()).toBe(outcome)
  })
})

describe('a correction', () => {
  const validated = [f.requested(), f.accepted, f.identified, f.validated]
  const correct = (values: object, by: Actor = ra, events: readonly RequestEvent[] = validated) =>
    given(on(request, R, ...events)).when(correctRegistration, { request: R, values }, by)

  it.each([
    ['the holder, his e-mail', { email: 'z@x.example' }, holder, 'RegistrationCorrected'],
    ['the holder, his name', { surname: 'Martin' }, holder, 'RegistrationCorrected'],
    ['the holder, his matricule', { matricule: '0012345679' }, holder, 'CGU-06 ROLE_NOT_HELD'],
    ['the RA, the matricule', { matricule: '0012345679' }, ra, 'RegistrationCorrected'],
    ['the RA, to no matricule', { matricule: '12' }, ra, 'CGU-27 MATRICULE_INVALID'],
    ['another holder', { email: 'z@x.example' }, actor('holder', 78), 'CGU-06 ROLE_NOT_HELD'],
    ['an officer, of his own file', { email: 'z@x.example' }, actor('raOfficer', 1), 'CGU-04 SELF_APPROVAL'],
    ['the RA, to what it was', { email: 'zoe@douane.example' }, ra, 'nothing'],
  ] as const)('CGU-92, CGU-97, CGU-111: by %s', async (...[, values, by, outcome]) => {
    expect(await correct(values, by).outcome()).toBe(outcome)
  })

  const agentNamed = (surname: string) =>
    ({ matricule: '0012345678', surname, givenNames: 'Zoë Maëlle', active: true }) as const
  it.each([
    ['to the name of the referential', { surname: 'Martin' }, agentNamed('Martin'), 'RegistrationCorrected'],
    ['to another name', { surname: 'Martin' }, agentNamed("D'Été-Brûlé"), 'CGU-04 PERSON_MISMATCH'],
    [
      'to a matricule that it has not',
      { matricule: '0099999999' },
      'unknown',
      'CGU-27 AGENT_CARD_NOT_ALLOWED',
    ],
    ['of the e-mail, whatever it says', { email: 'z@x.example' }, 'unknown', 'RegistrationCorrected'],
  ] as const)('CGU-04, CGU-27: of a request for an agent card, %s', async (...[, values, agent, outcome]) => {
    const looked = { readAt: '2026-03-02T09:00:00Z', inRaDirectory: true, agent }
    const when = given(on(request, R, ...validated))
    expect(await when.when(correctRegistration, { request: R, values, looked }, ra).outcome()).toBe(outcome)
  })

  it.each([
    ['at the desk', [...validated, f.sessionOpened], 'CGU-97 OUT_OF_ORDER'],
    ['of nothing', [], 'CGU-97 OUT_OF_ORDER'],
    [
      'of a destroyed file',
      [f.requested({ surname: { destroyed: true } })],
      'CGU-116 PERSONAL_DATA_DESTROYED',
    ],
    ['after the handover', [...validated, f.sessionOpened, f.handedOver], 'RegistrationCorrected'],
  ] as const)('CGU-97: %s', async (_, events, outcome) => {
    expect(await correct({ surname: 'Martin' }, ra, events).outcome()).toBe(outcome)
  })

  it('CGU-111: the ledger has which fields, sealed what they are now, and who asked', () =>
    correct({ surname: 'Martin', email: 'zoe@douane.example' }, holder).then([
      {
        type: 'RegistrationCorrected',
        data: { fields: ['surname'], values: { surname: 'Martin' }, asker: holder.person },
      },
    ]))

  const corrected = (...fields: string[]): RequestEvent => ({
    type: 'RegistrationCorrected',
    data: { fields, values: { surname: 'M', service: 's' }, asker: holder.person },
  })
  it.each([
    ['surname', 'CGU-24 IDENTITY_NOT_VERIFIED'],
    ['service', 'nothing'],
  ])('CGU-04, CGU-97: a validated file whose %s is corrected', async (field, outcome) => {
    const start = given(f.cguInForce, f.employer, on(request, R, ...validated, corrected(field)))
    expect(await start.when(validateRequest(policy), { request: R }, ra).outcome()).toBe(outcome)
  })

  it.each([
    ['fulfilled', ['email'], 'revokeAndRequestAnew'],
    ['fulfilled', ['service'], 'none'],
    ['open', ['surname'], 'verifyAgain'],
    ['open', ['email'], 'none'],
    ['closed', ['surname'], 'none'],
  ] as const)('CGU-97: of a %s request, %j: what follows', (status, fields, consequence) => {
    expect(consequenceOf(status, fields)).toBe(consequence)
  })
})
