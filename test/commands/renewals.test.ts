// CGU-54 to CGU-60: who renews what, when, and how he is identified.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuthChallenges } from '../../commands/authChallenges.ts'
import { allotCard } from '../../commands/cards.ts'
import { closeDuplicate } from '../../commands/closeDuplicate.ts'
import { confirmIdentity } from '../../commands/confirmIdentity.ts'
import { bindPublicKey } from '../../commands/keys.ts'
import { requestRenewal, type RequestRenewal } from '../../commands/requestRenewal.ts'
import { openSelfService } from '../../commands/selfService.ts'
import { handOverCard } from '../../commands/sessions.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { card } from '../../domain/card.ts'
import { certificate, type Certificate } from '../../domain/certificate.ts'
import { document } from '../../domain/document.ts'
import { entity } from '../../domain/entity.ts'
import type { Actor, Command, Decider, Event } from '../../domain/kernel.ts'
import { key } from '../../domain/key.ts'
import type { IdentityLevel } from '../../domain/lists.ts'
import { addDays, addSeconds } from '../../domain/policy/dates.ts'
import { samePersonAs, type Shown } from '../../domain/policy/renewal.ts'
import { request, type Request, type RequestEvent } from '../../domain/request.ts'
import { putChallenge, takeChallenge } from '../../readmodels/authChallenges.ts'
import type { OpenDatabase } from '../../readmodels/database.ts'
import { uuid } from '../ledger/filled.ts'
import { openSomeDatabase } from '../support/database.ts'
import { actor, given, on, type Refused } from '../support/given.ts'
import { life, type Life } from './endOfLifeFacts.ts'
import * as f from './facts.ts'
import * as r from './renewalFacts.ts'

const ask = requestRenewal(f.policy)
const validate = validateRequest(f.policy)
const { february } = r
type Fact = ReturnType<typeof on>

describe('a renewal is asked for', () => {
  const asking = (
    facts = r.inUse(),
    more: Partial<RequestRenewal['data']> = {},
    by = f.holder,
    at = february,
  ) => given(...facts).when(ask, { ...r.order, ...more }, by, at)

  it('CGU-55, CGU-20: the holder asks, accepts the conditions anew, and his data are carried over', async () => {
    await asking().then([
      {
        type: 'CertificateRequested',
        data: {
          ...{ person: uuid(1), kind: 'renewal', path: 'direct', requesterRole: 'holder', cardKind: 'agent' },
          ...{
            previous: f.S,
            reliesOn: f.R,
            ra: 'dgddi',
            surname: "D'Été-Brûlé",
            email: 'zoe@douane.example',
          },
          ...{ matricule: '0012345678', service: 'SI2', entity: f.E, requester: uuid(1), escrow: true },
        },
      },
      { type: 'CguAccepted', data: { cguVersion: '1.0', identityUnchanged: true, escrowAsked: true } },
    ])
  })

  it('CGU-57: what he declares to have changed replaces what the file said', async () => {
    const changes = { surname: 'Durand', nameInCertificate: 'Zoë DURAND' }
    await asking(r.inUse(), { changes }).then([
      { type: 'CertificateRequested', data: { ...changes, givenNames: 'Zoë Maëlle', person: uuid(1) } },
      { type: 'CguAccepted', data: { identityUnchanged: false } },
    ])
  })

  it('CGU-58: alone, he is identified by his authentication certificate, and by the list that cleared it', async () => {
    await asking(r.inUse(), { alone: r.signedIn }).then([
      { type: 'CertificateRequested' },
      { type: 'CguAccepted' },
      {
        type: 'IdentityVerified',
        data: {
          ...{ level: 'light', method: 'authCertificate', verifierRole: 'program', entityTieChecked: true },
          ...{ authStatusSha256: f.digest, authCheckedAt: february, authCertificateDer: 'Y2VydA==' },
        },
      },
    ])
  })

  const [end, opens] = ['2029-03-02T08:59:59Z', '2028-12-02T08:59:59Z']
  const temporary = [
    ...r.inUse().slice(0, 3),
    on(certificate, f.S, r.plannedWith({ cardKind: 'temporary' }), f.issued, f.acceptedByHolder),
  ]
  const notAccepted = [...r.inUse().slice(0, 3), on(certificate, f.S, f.planned, f.issued)]
  const renewedBefore = (...events: readonly RequestEvent[]) => [...r.inUse(), r.alone(...events)]
  const rivals = { request: r.R3, rivals: [r.R2] }
  const nextCgu = on(document, 'cgu', {
    type: 'DocumentAdopted',
    data: {
      version: '2.0',
      sha256: f.digest,
      effectiveFrom: '2029-01-01T00:00:00Z',
      approvedBy: 'supervisor',
    },
  })

  const whileIssuer = (state: Life) => [...r.inUse(), life(state)]
  const refused: readonly (readonly [string, Refused, () => ReturnType<typeof asking>])[] = [
    ['by a certification agent', 'CGU-55 RENEWAL_HOLDER_ONLY', () => asking(r.inUse(), {}, f.mc)],
    ['by an officer', 'CGU-55 RENEWAL_HOLDER_ONLY', () => asking(r.inUse(), {}, f.ra)],
    ['by another holder', 'CGU-55 RENEWAL_HOLDER_ONLY', () => asking(r.inUse(), {}, actor('holder', 7))],
    ['by an auditor', 'CGU-06 ROLE_NOT_HELD', () => asking(r.inUse(), {}, actor('auditor', 1))],
    ['of nothing', 'CGU-73 CERTIFICATE_UNKNOWN', () => asking([f.cguInForce])],
    ['of a temporary card', 'CGU-56 RENEWAL_AGENT_CARD_ONLY', () => asking(temporary)],
    ['of what was revoked', 'CGU-57 RENEWAL_AFTER_REVOCATION', () => asking(r.inUse('full', f.revoked))],
    [
      'of what has expired',
      'CGU-57 RENEWAL_AFTER_REVOCATION',
      () => asking(r.inUse(), {}, f.holder, addSeconds(end, 1)),
    ],
    ['of what was never accepted', 'CGU-55 OUT_OF_ORDER', () => asking(notAccepted)],
    ['too early', 'CGU-54 OUT_OF_ORDER', () => asking(r.inUse(), {}, f.holder, addSeconds(opens, -1))],
    ['twice', 'CGU-55 RENEWAL_ALREADY_OPEN', () => asking(renewedBefore(), rivals)],
    [
      'out of the referential',
      'CGU-27 AGENT_CARD_NOT_ALLOWED',
      () => asking(r.inUse(), { inReferential: false }),
    ],
    ['of an authority that was stopped', 'CGU-80 ISSUANCE_STOPPED', () => asking(whileIssuer('stopped'))],
    ['of one that ends', 'CGU-80 ISSUANCE_STOPPED', () => asking(whileIssuer('stoppedForGood'))],
    ['of one that has handed over', 'CGU-80 ISSUANCE_STOPPED', () => asking(whileIssuer('transferred'))],
    ['under conditions of before', 'CGU-19 CGU_NOT_CURRENT', () => asking([...r.inUse(), nextCgu])],
    [
      'alone, after a light one',
      'CGU-59 FULL_IDENTIFICATION_REQUIRED',
      () => asking(r.inUse('light'), { alone: r.signedIn }),
    ],
    [
      'alone, with changes',
      'CGU-57 FULL_IDENTIFICATION_REQUIRED',
      () => asking(r.inUse(), { alone: r.signedIn, changes: { email: 'z@douane.example' } }),
    ],
    [
      'alone, with a certificate that does not hold',
      'CGU-58 AUTH_CERTIFICATE_NOT_VALID',
      () => asking(r.inUse(), { alone: { fault: 'expired' } }),
    ],
    [
      'alone, with the certificate of somebody else',
      'CGU-58 AUTH_CERTIFICATE_NOT_VALID',
      () =>
        asking(r.inUse(), {
          alone: { ...r.signedIn, shown: { ...r.shown, givenName: 'Paul' } },
        }),
    ],
  ]
  it.each(refused)('CGU-54 to CGU-59: %s: %s', async (_, code, ordered) => {
    await ordered().then(code)
  })

  it('CGU-80: as long as certificates are issued, though the end is declared', async () => {
    for (const state of ['unknown', 'active', 'terminating'] as const)
      expect(await asking(whileIssuer(state)).outcome()).toContain('Requested')
  })

  it('CGU-54, CGU-57: from the day it opens to the last second of validity', async () => {
    for (const at of [opens, end])
      expect(await asking(r.inUse(), {}, f.holder, at).outcome()).toContain('Requested')
  })

  it('CGU-55: a renewal that came to nothing stands in nobody’s way', async () => {
    for (const over of [r.rejected, { type: 'RequestClosed', data: { cause: 'withdrawn' } }] as const)
      expect(await asking(renewedBefore(over), rivals).outcome()).toContain('CertificateRequested')
  })

  it('CGU-55: an initial request that names the certificate is no renewal of it', async () => {
    const initial = on(request, r.R2, f.requested({ previous: f.S }))
    expect(await asking([...r.inUse(), initial], rivals).outcome()).toContain('CertificateRequested')
  })

  it('CGU-59: after a light one the holder still asks, for the RA to identify him', async () => {
    expect(await asking(r.inUse('light')).outcome()).toBe('CertificateRequested CguAccepted')
  })
})

describe('the same person', () => {
  const registered = {
    person: '4f0e6e5c-8f0b-4b8e-9d3a-0a8f5f3c2b11',
    identity: {
      ...{ surname: "D'Été-Brûlé", givenNames: 'Zoë Maëlle', nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ" },
      ...{ email: 'zoe@douane.example', entity: f.E, matricule: '0012345678', birth: undefined },
      service: undefined,
    },
  }
  const mark = (name: string): string => `TEST ${name}`
  const names = { surname: "D'ETE BRULE", givenName: 'Zoe Maelle' }
  const email = 'ZOE@douane.example'
  const rows: readonly (readonly [string, Shown, boolean])[] = [
    ['the name and the e-mail', { ...names, email }, true],
    ['the name of use and the e-mail', { surname: "D'Été-Brûlé", givenName: 'Zoë', email }, true],
    ['the common name and the e-mail', { commonName: "TEST Zoë D'ÉTÉ-BRÛLÉ", email }, true],
    ['the name and the matricule', { ...names, serialNumber: '0012345678' }, true],
    ['the name and the person number', { ...names, serialNumber: '4F0E6E5C8F0B4B8E9D3A0A8F5F3C2B11' }, true],
    ['the name and a number of another kind, with the e-mail', { ...names, serialNumber: 'X1', email }, true],
    ['a namesake', names, false],
    ['a namesake with an e-mail of his own', { ...names, email: 'zoe2@douane.example' }, false],
    [
      'another matricule, though the e-mail is the same',
      { ...names, serialNumber: '0012345679', email },
      false,
    ],
    [
      'another person number, though the e-mail is the same',
      { ...names, serialNumber: '0'.repeat(32), email },
      false,
    ],
    ['the e-mail alone', { email }, false],
    [
      'the matricule under another name',
      { surname: 'Durand', givenName: 'Zoë', serialNumber: '0012345678' },
      false,
    ],
    ['a common name without its mark', { commonName: "Zoë D'ÉTÉ-BRÛLÉ", email }, false],
    ['half a name', { surname: "D'Été-Brûlé", email }, false],
  ]
  it.each(rows)('CGU-58: %s: %j: %s', (_, shown, expected) => {
    expect(samePersonAs(shown, registered, mark)).toBe(expected)
  })

  it('CGU-58: a holder without a matricule is not found by one', () => {
    const without = { ...registered, identity: { ...registered.identity, matricule: undefined } }
    expect(samePersonAs({ ...names, serialNumber: '0012345678', email }, without, mark)).toBe(false)
  })
})

describe('challenges', () => {
  let database: OpenDatabase
  beforeAll(async () => {
    database = await openSomeDatabase()
  })
  afterAll(() => database.close())

  const about = { person: uuid(1), previous: f.S }
  const open = () => {
    let at = february
    let drawn = 0
    const randomBytes = (length: number) => new Uint8Array(length).fill((drawn += 1))
    const challenges = openAuthChallenges({
      ...{ now: () => at, randomBytes },
      store: {
        put: (...stored) => putChallenge(database.db, ...stored),
        take: (...presented) => takeChallenge(database.db, ...presented),
      },
    })
    return { ...challenges, pass: (seconds: number) => (at = addSeconds(at, seconds)) }
  }

  it('CGU-58: a challenge answers once, whichever process is asked, and however many at a time', async () => {
    const [{ draw }, other] = [open(), open()]
    const { challenge } = await draw(about)
    const presented = await Promise.all([other.redeem(about, challenge), other.redeem(about, challenge)])
    expect(presented.toSorted()).toEqual(['challengeUnknown', undefined])
    expect(await other.redeem(about, challenge)).toBe('challengeUnknown')
  })

  it('CGU-58: it is for one person and one certificate, and the next takes its place', async () => {
    const { draw, redeem } = open()
    const first = (await draw(about)).challenge
    for (const other of [
      { ...about, person: uuid(2) },
      { ...about, previous: f.S2 },
    ])
      expect(await redeem(other, first)).toBe('challengeUnknown')
    const second = (await draw(about)).challenge
    expect(await redeem(about, first)).toBe('challengeUnknown')
    expect(await redeem(about, second)).toBeUndefined()
  })

  it('CGU-58: it lapses', async () => {
    const { draw, redeem, pass } = open()
    const { challenge, expiresAt } = await draw(about)
    expect(expiresAt).toBe(addSeconds(february, 300))
    pass(300)
    expect(await redeem(about, challenge)).toBe('challengeLapsed')
    const next = (await draw(about)).challenge
    pass(299)
    expect(await redeem(about, next)).toBeUndefined()
  })
})

describe('one of two gives way', () => {
  const closing = (...facts: readonly Fact[]) =>
    given(...facts).when(closeDuplicate, { request: r.R3, earlier: r.R2 }, f.program, february)
  const later = on(request, r.R3, r.renewalRequested, r.renewalAccepted())

  it('CGU-55: the later closes itself', async () => {
    await closing(r.alone(), later).then([{ type: 'RequestClosed', data: { cause: 'duplicate' } }])
  })

  it('CGU-55: never for a request that came to nothing, is no renewal, or renews something else', async () => {
    const others = [
      r.alone(r.rejected),
      on(request, r.R2, f.requested({ previous: f.S })),
      on(request, r.R2, f.requested({ kind: 'renewal', previous: f.S2 })),
    ]
    for (const other of others) await closing(other, later).then('CGU-55 OUT_OF_ORDER')
  })

  it('CGU-55: closed before, it stays so; a card that was handed over is not taken back', async () => {
    const closed = on(request, r.R3, r.renewalRequested, {
      type: 'RequestClosed',
      data: { cause: 'duplicate' },
    })
    await closing(r.alone(), closed).then([])
    const done = on(request, r.R3, r.renewalRequested, r.validatedLight, f.sessionOpened, f.handedOver)
    await closing(r.alone(), done).then('CGU-55 OUT_OF_ORDER')
  })
})

describe('the RA confirms an identity at a first renewal', () => {
  const confirming = (facts: readonly Fact[], by: Actor = f.ra) =>
    given(...facts).when(
      confirmIdentity,
      { request: r.R2, method: 'referential', entityTieChecked: true },
      by,
      february,
    )

  it('CGU-57: without a meeting, when nothing has changed', async () => {
    await confirming([...r.inUse(), r.atTheCounter()]).then([
      {
        type: 'IdentityVerified',
        data: { level: 'light', method: 'referential', verifierRole: 'raOfficer' },
      },
    ])
  })

  it('CGU-57, CGU-59: not after a light one, not with changes, not for an initial request', async () => {
    await confirming([...r.inUse('light'), r.atTheCounter()]).then('CGU-59 FULL_IDENTIFICATION_REQUIRED')
    const changed = on(request, r.R2, r.renewalRequested, r.renewalAccepted(false))
    await confirming([...r.inUse(), changed]).then('CGU-57 FULL_IDENTIFICATION_REQUIRED')
    const initial = on(request, r.R2, f.requested(), f.accepted)
    await confirming([...r.inUse(), initial]).then('CGU-59 FULL_IDENTIFICATION_REQUIRED')
  })

  it('CGU-04: nobody confirms his own', async () => {
    await confirming([...r.inUse(), r.atTheCounter()], actor('raOfficer', 1)).then('CGU-04 SELF_APPROVAL')
    await confirming([...r.inUse(), r.atTheCounter()], actor('mc', 3)).then('CGU-26 ROLE_NOT_HELD')
    await confirming([...r.inUse(), r.alone(r.validatedLight)]).then('CGU-24 OUT_OF_ORDER')
  })
})

describe('a renewal is validated', () => {
  const validating = (facts: readonly Fact[], by: Actor = f.program, at = february) =>
    given(...facts).when(validate, { request: r.R2 }, by, at)

  it('CGU-58: by the program, for whoever has signed in alone', async () => {
    await validating([...r.inUse(), r.alone()]).then([
      { type: 'RequestValidated', data: { identification: 'light', validator: uuid(4) } },
    ])
  })

  it('CGU-59: by the RA alone, once it has identified the holder', async () => {
    const identified = [...r.inUse('light'), r.atTheCounter(f.identified)]
    await validating(identified).then('CGU-06 ROLE_NOT_HELD')
    await validating(identified, f.ra).then([{ type: 'RequestValidated', data: { identification: 'full' } }])
  })

  it('CGU-57: judged again: not when the certificate has been revoked or has expired meanwhile', async () => {
    await validating([...r.inUse('full', f.revoked), r.alone()]).then('CGU-57 RENEWAL_AFTER_REVOCATION')
    const after = '2029-03-02T09:00:00Z'
    await validating([...r.inUse(), r.alone()], f.program, after).then('CGU-57 RENEWAL_AFTER_REVOCATION')
    await validating([...r.inUse(), r.atTheCounter(f.identified)], f.ra, after).then(
      'CGU-57 RENEWAL_AFTER_REVOCATION',
    )
  })

  it('CGU-59: light after light is refused here too', async () => {
    await validating([...r.inUse('light'), r.alone()]).then('CGU-59 FULL_IDENTIFICATION_REQUIRED')
  })
})

describe('the session alone', () => {
  const plan = { request: r.R2, serial: f.S2, card: f.C, slots: 12, keySizes: [3072], earlier: [f.S] }
  const opening = (facts: readonly Fact[], by: Actor = f.holder, at = february) =>
    given(...facts).when(openSelfService, plan, by, at)
  const ready = [...r.inUse(), on(key, f.K, f.bound, f.escrowed), r.alone(r.validatedLight)]

  it('CGU-58: the holder opens it himself', async () => {
    await opening(ready).then([
      { type: 'SessionOpened', data: { presence: 'selfService', session: 1, serial: f.S2, recover: [f.S] } },
    ])
  })

  const refused: readonly (readonly [string, Refused, () => ReturnType<typeof opening>])[] = [
    ['by another', 'CGU-06 ROLE_NOT_HELD', () => opening(ready, actor('holder', 7))],
    ['by an officer', 'CGU-06 ROLE_NOT_HELD', () => opening(ready, f.ra)],
    [
      'where the RA has to identify',
      'CGU-59 FULL_IDENTIFICATION_REQUIRED',
      () => opening([...r.inUse(), r.atTheCounter(f.identified, f.validated)]),
    ],
    ['before it is validated', 'CGU-34 OUT_OF_ORDER', () => opening([...r.inUse(), r.alone()])],
    [
      'twice',
      'CGU-34 OUT_OF_ORDER',
      () => opening([...r.inUse(), r.alone(r.validatedLight, r.aloneSession)]),
    ],
    ['of nothing', 'CGU-34 OUT_OF_ORDER', () => opening(r.inUse())],
    [
      'after a revocation',
      'CGU-57 RENEWAL_AFTER_REVOCATION',
      () => opening([...r.inUse('full', f.revoked), r.alone(r.validatedLight)]),
    ],
    ['when it has lapsed', 'CGU-34 OUT_OF_ORDER', () => opening(ready, f.holder, '2029-05-08T00:00:00Z')],
    [
      'when the entity is closed',
      'CGU-24 ENTITY_NOT_VERIFIED',
      () =>
        opening([
          ...ready,
          on(entity, f.E, { type: 'EntityClosed', data: { cause: 'closed', effectiveOn: '2029-01-01' } }),
        ]),
    ],
  ]
  it.each(refused)('CGU-58: %s: %s', async (_, code, ordered) => {
    await ordered().then(code)
  })

  const allotment = {
    ...{ card: f.C, request: r.R2, model: 'software-qscd', chipNumber: '8925', kind: 'agent' as const },
    serials: [f.S2, f.S],
  }
  const allotting = (session: typeof r.aloneSession, by: Actor) =>
    given(r.alone(r.validatedLight, session)).when(allotCard(f.policy), allotment, by, february)

  it('CGU-58: the card is his to put in, in his own session and in no other', async () => {
    await allotting(r.aloneSession, f.holder).then([{ type: 'CardAllotted', data: { serials: [f.S2, f.S] } }])
    await allotting(r.aloneSession, actor('holder', 7)).then('CGU-06 ROLE_NOT_HELD')
    await allotting(f.sessionOpened, f.holder).then('CGU-06 ROLE_NOT_HELD')
  })

  const allotted2 = { ...f.allotted, data: { ...f.allotted.data, request: r.R2 } } as typeof f.allotted
  const cardHeld = on(card, f.C, allotted2, f.written, f.pinDefined)
  const [accepted2, issued2] = [
    on(certificate, f.S2, f.planned, f.issued, f.acceptedByHolder),
    on(certificate, f.S2, f.planned, f.issued),
  ]
  const handing = (session: typeof r.aloneSession, ...facts: readonly Fact[]) =>
    given(r.alone(r.validatedLight, session), ...facts).when(
      handOverCard,
      { request: r.R2, receipt: 'CGU-58' },
      f.program,
      february,
    )

  it('CGU-58: the program ends it, after PIN and « Valider »', async () => {
    await handing(r.aloneSession, cardHeld, accepted2).then([
      { type: 'CardHandedOver', data: { session: 1 } },
    ])
    await handing(r.aloneSession, on(card, f.C, allotted2, f.written), accepted2).then(
      'CGU-50 PIN_NOT_DEFINED',
    )
    await handing(r.aloneSession, cardHeld, issued2).then('CGU-37 CERTIFICATE_NOT_ACCEPTED')
  })

  it('CGU-34: the program hands over nothing at a desk', async () => {
    await handing(
      { ...f.sessionOpened, data: { ...f.sessionOpened.data, serial: f.S2 } } as never,
      cardHeld,
      accepted2,
    ).then('CGU-06 ROLE_NOT_HELD')
  })
})

describe('keys', () => {
  it('CGU-60: a public key that has a serial is given to no other, whichever they are', async () => {
    const serial = fc
      .array(fc.integer({ min: 0, max: 15 }), { minLength: 31, maxLength: 31 })
      .map((digits) => `4${digits.map((digit) => digit.toString(16)).join('')}`)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(serial, { minLength: 2, maxLength: 2 }), async ([first, second]) => {
        const bound = { ...f.bound, data: { ...f.bound.data, serial: first! } } as typeof f.bound
        const order = {
          ...{ spki: f.K, serial: second!, custody: 'escrow' as const, request: r.R2, session: 1 },
          algorithm: 'rsa3072' as const,
        }
        await given(on(key, f.K, bound))
          .when(bindPublicKey, order, f.program)
          .then('CGU-60 PUBLIC_KEY_TAKEN')
      }),
      { seed: 60, numRuns: 20 },
    )
  })
})

describe('the count of renewals', () => {
  type Step = 'alone' | 'confirmed' | 'identified'
  type Decision<E> = Readonly<{ accepted: readonly E[] }> | { refused: { code: string } }

  const order = <C extends Command>(type: C['type'], data: C['data'], by: Actor, at: string) =>
    ({ type, id: uuid(99), data, by, at }) as unknown as C
  const decided = <S, C extends Command, E extends Event, F>(
    decider: Decider<S, C, E, F>,
    command: Omit<C, 'type'>,
    state: S,
    facts: F,
  ): Decision<E> => decider.decide({ ...command, type: decider.type } as unknown as C, state, facts)
  const folded = (state: Request, events: readonly unknown[]): Request =>
    (events as Parameters<typeof request.evolve>[1][]).reduce(request.evolve, state)

  const certificateOf = (identification: IdentityLevel, notBefore: string, notAfter: string): Certificate =>
    [r.plannedWith({ identification, notBefore, notAfter }), f.issued, f.acceptedByHolder].reduce(
      certificate.evolve,
      certificate.initial,
    )
  const initial = folded(request.initial, [f.requested(), f.accepted, f.identified, f.validated])
  const cgu = document.evolve(document.initial, {
    type: 'DocumentAdopted',
    data: {
      version: '1.0',
      sha256: f.digest,
      effectiveFrom: '2026-01-01T00:00:00Z',
      approvedBy: 'supervisor',
    },
  })
  const employer = entity.evolve(entity.initial, {
    type: 'EntityVerified',
    data: {
      ...{ kind: 'ministry', siren: '110020013', method: 'register', name: 'Direction générale' },
      ...{ address: 'Montreuil', contact: 'bureau@douane.example', evidence: 'répertoire' },
    },
  })

  /** One renewal, as far as the deciders let it come. @returns how the holder was identified, or the refusal */
  const renewal = (step: Step, previous: Certificate, at: string): string => {
    const alone = step === 'alone' ? { alone: r.signedIn } : {}
    const facts = { previous, file: initial, cgu, authority: { status: 'unknown' } as const, rivals: [] }
    const asked = ask.decide(
      order('RequestRenewal', { ...r.order, ...alone }, f.holder, at),
      request.initial,
      facts,
    )
    if ('refused' in asked) return asked.refused.code
    let file = folded(request.initial, asked.accepted)
    const common = { id: uuid(99), by: f.ra, at }
    if (step !== 'alone') {
      const verified =
        step === 'confirmed'
          ? decided(
              confirmIdentity,
              { ...common, data: { request: r.R2, method: 'file', entityTieChecked: true } },
              ...([file, previous] as const),
            )
          : decided(
              verifyIdentity,
              { ...common, data: { request: r.R2, ...f.inPerson, entityTieChecked: true } },
              ...([file, undefined] as const),
            )
      if ('refused' in verified) return verified.refused.code
      file = folded(file, verified.accepted)
    }
    const by = step === 'alone' ? f.program : f.ra
    const validated = validate.decide(order('ValidateRequest', { request: r.R2 }, by, at), file, {
      ...{ cgu, entity: employer, previous },
    })
    if ('refused' in validated) return validated.refused.code
    const [event] = validated.accepted
    return event?.type === 'RequestValidated' ? event.data.identification : 'nothing'
  }

  it('CGU-57, CGU-59: never two light ones in a row; after a full one light is open again', () => {
    const steps = fc.array(fc.constantFrom<Step>('alone', 'confirmed', 'identified'), { maxLength: 12 })
    fc.assert(
      fc.property(steps, (chain) => {
        let identification: IdentityLevel = 'full'
        let notBefore = '2026-03-02T09:00:00Z'
        for (const step of chain) {
          const notAfter = addDays(notBefore, 1095)
          const at = addDays(notAfter, -30)
          const outcome = renewal(step, certificateOf(identification, notBefore, notAfter), at)
          const light = step !== 'identified'
          const expected: string = !light
            ? 'full'
            : identification === 'full'
              ? 'light'
              : 'FULL_IDENTIFICATION_REQUIRED'
          expect(outcome).toBe(expected)
          if (outcome !== 'full' && outcome !== 'light') continue
          identification = outcome
          notBefore = at
        }
      }),
      { seed: 59, numRuns: 300 },
    )
  })
})
