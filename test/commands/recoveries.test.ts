import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../commands/issuing.ts'
import { recordKeyRecovery, startKeyRecovery, type StartKeyRecovery } from '../../commands/keys.ts'
import { quorumOf } from '../../commands/approvals.ts'
import { approveRecovery } from '../../commands/approveRecovery.ts'
import { deliverRecovery, closeRecovery, rejectRecovery } from '../../commands/recoveries.ts'
import { requestRecovery, type RequestRecovery } from '../../commands/requestRecovery.ts'
import { appointment } from '../../domain/appointment.ts'
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { key, type KeyEvent } from '../../domain/key.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { Ground, Role } from '../../domain/lists.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { recovery, type RecoveryEvent } from '../../domain/recovery.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import { read, sequenceOf } from '../../pki/derReader.ts'
import { spkiOf } from '../../pki/fields.ts'
import { uuid } from '../ledger/filled.ts'
import { openAuthority } from '../pki/authority.ts'
import { actor, given, morning, on } from '../support/given.ts'
import * as c from './claimsFacts.ts'
import * as f from './facts.ts'

const { K, Q, S, S2, policy, holder, officerA, officerB, officerC, program } = f
const until = '2036-03-02T09:00:00Z'
const justBefore = '2036-03-02T08:59:59Z'

const live = [
  on(request, f.R, f.requested()),
  ...c.representatives,
  on(key, K, f.bound, f.escrowed),
  on(certificate, S, f.planned, f.issued, f.acceptedByHolder),
]

describe('a request for recovery', () => {
  const own: RequestRecovery['data'] = {
    ...{ recovery: Q, serial: S, nameGiven: 'Zoë Maëlle D’Été-Brûlé', requesterRole: 'holder' },
    ...{ requester: holder.person, ground: 'holderRequest', evidence: 'carte perdue', holderNotice: true },
  }
  const others: RequestRecovery['data'] = {
    ...own,
    ...{ requesterRole: 'legalRepresentative', requester: uuid(8), ground: 'judicial', mandate: c.L },
  }
  /** What each requester has to show beside his ground. */
  const shown: Readonly<Partial<Record<Role, Readonly<Record<string, string | undefined>>>>> = {
    accreditedRepresentative: { requester: c.accredited, mandate: c.A },
    legalAuthority: {
      mandate: undefined,
      represents: 'Tribunal judiciaire de Créteil',
      legalBasis: 'CPP art. 60-1',
    },
  }
  const asked = (by: Actor, data: RequestRecovery['data'], at = morning) =>
    given(...live)
      .when(requestRecovery, data, by, at)
      .outcome()
  const rejected = 'RecoveryRequested RecoveryRejected'

  it.each([
    ['the serial and the name', {}, 'RecoveryRequested'],
    ['the name otherwise spelt', { nameGiven: "BRULE D'ETE maelle zoe" }, 'RecoveryRequested'],
    ['the name as it stands in the certificate', { nameGiven: 'Zoé d’été brûlé' }, 'RecoveryRequested'],
    ['another name', { nameGiven: 'Zoë Dupont' }, rejected],
    ['half of the name', { nameGiven: 'D’Été-Brûlé' }, rejected],
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
        grounds.map((ground) =>
          asked(officerA, { ...others, ...shown[requesterRole], requesterRole, ground }),
        ),
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

  it.each([
    ['of his entity', {}, 'RecoveryRequested'],
    ['of another entity', { mandate: c.L2 }, no],
    ['whose appointment is not named', { mandate: undefined }, no],
    ['whose appointment nobody knows', { mandate: uuid(32) }, no],
    ['by an agent’s mandate', { mandate: f.M }, no],
    ['who is somebody else', { requester: uuid(79) }, no],
    ['accredited, by the legal one’s appointment', { requesterRole: 'accreditedRepresentative' }, no],
    [
      'accredited',
      { ...shown.accreditedRepresentative, requesterRole: 'accreditedRepresentative' },
      'RecoveryRequested',
    ],
    [
      'accredited, without the power to recover',
      { requesterRole: 'accreditedRepresentative', mandate: uuid(37) },
      no,
    ],
    ['whose appointment has ended', { mandate: uuid(38) }, no],
    ['whose appointment is over', { mandate: uuid(39) }, no],
  ] as const)('CGU-46, CGU-47: for a representative %s', async (_, more, outcome) => {
    const weak = { role: 'accreditedRepresentative', person: uuid(8), powers: [] }
    const legal = { role: 'legalRepresentative', person: uuid(8) }
    const facts = [
      on(appointment, uuid(37), f.proposed(weak), f.checked, f.undertaken),
      on(appointment, uuid(38), f.proposed(legal), f.checked, f.undertaken, f.ended),
      on(appointment, uuid(39), f.proposed({ ...legal, untilOn: '2026-03-01' }), f.checked, f.undertaken),
    ]
    const order = { ...others, ...more } as RequestRecovery['data']
    const outcomeOf = given(...live, ...facts).when(requestRecovery, order, officerA)
    expect(await outcomeOf.outcome()).toBe(outcome)
  })

  const authority = { ...others, ...shown.legalAuthority, requesterRole: 'legalAuthority' as const }
  it.each([
    ['says who it is, and what allows it', {}, 'RecoveryRequested'],
    ['does not say who it is', { represents: ' ' }, 'CGU-47 RECOVERY_GROUND_MISSING'],
    ['does not say what allows it', { legalBasis: undefined }, 'CGU-47 RECOVERY_GROUND_MISSING'],
    ['shows no evidence', { evidence: ' ' }, unfounded],
  ])('CGU-46, CGU-47: an authority that %s', async (_, more, outcome) => {
    const order = { ...authority, ...more } as RequestRecovery['data']
    expect(await asked(officerA, order)).toBe(outcome)
  })

  it.each([
    ['in force', {}, {}, 'RecoveryRequested'],
    ['of somebody else', {}, { requester: uuid(79) }, no],
    ['of another role', { role: 'accreditedRepresentative' }, {}, no],
    ['without the power to recover', { powers: [] }, {}, no],
    ['over', { untilOn: '2026-03-01' }, {}, no],
    ['that nobody knows', {}, { mandate: uuid(41) }, no],
  ] as const)(
    'CGU-47: an authority that shows an appointment is held to it — %s',
    async (_, given_, more, outcome) => {
      const held = { role: 'legalAuthority', entity: undefined, person: uuid(9), powers: ['recover'] }
      const named = on(appointment, uuid(40), f.proposed({ ...held, ...given_ }), f.checked, f.undertaken)
      const order = { ...authority, requester: uuid(9), mandate: uuid(40), ...more }
      expect(
        await given(...live, named)
          .when(requestRecovery, order, officerA)
          .outcome(),
      ).toBe(outcome)
    },
  )

  it.each([
    ['judicial', others, 'RecoveryRequested'],
    ['unavailability', { ...others, ground: 'unavailability' as const }, unfounded],
    ['lawfulAuthority', { ...authority, ground: 'lawfulAuthority' as const }, 'RecoveryRequested'],
  ])('CGU-46: on the ground %s the holder is not told', async (_, data, outcome) => {
    expect(await asked(officerA, { ...data, holderNotice: false })).toBe(outcome)
  })

  it('CGU-46: a holder cannot ask that he be not told', async () => {
    expect(await asked(holder, { ...own, holderNotice: false })).toBe(unfounded)
  })

  it('CGU-48: a revoked certificate does not keep its key from being recovered', async () => {
    const revoked = [
      ...live.slice(0, -2),
      on(key, K, f.bound, f.escrowed),
      on(certificate, S, f.planned, f.issued, f.revoked),
    ]
    await given(...revoked)
      .when(requestRecovery, own, holder)
      .then([{ type: 'RecoveryRequested' }])
    const approvedOnce = given(...revoked, on(recovery, Q, f.asked(), f.approvedBy(6, until)))
    expect(
      await approvedOnce
        .when(approveRecovery(policy), { recovery: Q, statement: 'Pièces vues.' }, officerC)
        .outcome(),
    ).toBe('RecoveryApproved')
  })

  it('CGU-46: the appointment, the legal basis and who recorded are kept with the request', async () => {
    await given(...live)
      .when(requestRecovery, others, officerA)
      .then([
        {
          type: 'RecoveryRequested',
          data: { appointment: c.L, recorder: officerA.person, output: 'pkcs12' },
        },
      ])
    await given(...live)
      .when(requestRecovery, authority, officerA)
      .then([{ type: 'RecoveryRequested', data: { legalBasis: 'CPP art. 60-1' } }])
  })
})

describe('the certificate that a recovered key is enciphered to', () => {
  const order: RequestRecovery['data'] = {
    ...{ recovery: Q, serial: S, nameGiven: 'Zoë Maëlle D’Été-Brûlé', requesterRole: 'holder' },
    ...{ requester: holder.person, ground: 'holderRequest', evidence: 'carte perdue', holderNotice: true },
  }
  const named = async (more: object, facts: readonly (typeof live)[number][] = []) =>
    given(...live, ...facts)
      .when(requestRecovery, { ...order, ...more }, holder)
      .outcome()
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64')
  const no = 'CGU-46 RECIPIENT_CERTIFICATE_UNUSABLE'

  it('CGU-46: names it by its octets; expired, not yet valid or no certificate at all, it is refused', async () => {
    const chain = await openAuthority()
    const { certificate: der } = await chain.holder()
    expect(await named({ recipientCertificate: base64(der) })).toBe('RecoveryRequested')
    const late = await chain.holder({ notBefore: '2022-03-02T09:00:00Z' })
    const early = await chain.holder({ notBefore: '2026-03-02T09:00:01Z' })
    for (const one of [late.certificate, early.certificate, chain.responder.certificate, Buffer.from('AAAA')])
      expect(await named({ recipientCertificate: base64(one) })).toBe(no)
    await given(...live)
      .when(requestRecovery, { ...order, recipientCertificate: base64(der) }, holder)
      .then([{ type: 'RecoveryRequested', data: { output: 'cms', recipientCertificate: base64(der) } }])
  })

  it('CGU-46: it is not the one whose key is to be recovered', async () => {
    const { certificate: der } = await (await openAuthority()).holder()
    const spkiSha256 = sha256(spkiOf(der))
    const own = { ...f.planned, data: { ...f.planned.data, spkiSha256 } } as typeof f.planned
    const start = given(
      on(key, spkiSha256, f.bound, f.escrowed),
      on(certificate, S, own, f.issued, f.acceptedByHolder),
    )
    const outcome = start.when(requestRecovery, { ...order, recipientCertificate: base64(der) }, holder)
    expect(await outcome.outcome()).toBe(no)
  })

  it('CGU-46, CGU-47: by a serial number it is the requester’s own, and live', async () => {
    const chain = await openAuthority()
    const { certificate: der } = await chain.holder()
    const [tbs, , signature] = sequenceOf(read(der))
    const planOf = (person: string): CertificateEvent =>
      ({ ...f.planned, data: { ...f.planned.data, person, tbs: base64(tbs!.der) } }) as CertificateEvent
    const signed: CertificateEvent = {
      type: 'CertificateIssued',
      data: {
        ...{ signatureAlgorithm: 'ecdsaWithSHA384', certSha256: f.digest },
        signature: base64(signature!.content.subarray(1)),
      },
    }
    const by = { recipientSerial: S2 }
    const of = (...events: readonly CertificateEvent[]) => named(by, [on(certificate, S2, ...events)])
    expect(await of(planOf(uuid(1)), signed)).toBe('RecoveryRequested')
    expect(await of(planOf(uuid(77)), signed)).toBe('CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED')
    expect(await of(planOf(uuid(1)), signed, f.revoked)).toBe(no)
    expect(await of(planOf(uuid(1)))).toBe(no)
    expect(await named(by)).toBe(no)
    await given(...live, on(certificate, S2, planOf(uuid(1)), signed))
      .when(requestRecovery, { ...order, ...by }, holder)
      .then([{ type: 'RecoveryRequested', data: { output: 'cms', recipientCertificate: base64(der) } }])
  })
})

describe('approval by two officers', () => {
  const approve = { recovery: Q, statement: 'Pièces vues.' }
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

  /** A session that was opened with the key that it takes out of escrow. */
  const withOldKey: RequestEvent = {
    type: 'SessionOpened',
    data: {
      ...{ session: 1, presence: 'inPerson', card: uuid(41), serial: f.S2 },
      recover: [f.S],
      leftOut: [],
    },
  }

  it('CGU-42, CGU-43, CGU-48: for a new card no approval is needed, but the term must run', async () => {
    const forCard = { spki: K, regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) } as const
    const file = on(request, uuid(12), f.requested(), withOldKey)
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
    ['his number and matricule, another name', f.requested({ surname: 'Martin' }), 'KeyRecoveryStarted'],
    [
      'his number, another name and matricule',
      f.requested({ surname: 'Toutautre', matricule: '0099999999' }),
      'CGU-43 CARD_OF_ANOTHER_HOLDER',
    ],
    [
      'another number that the RA has recorded as his, another matricule',
      f.requested({ person: uuid(77), samePersonAs: [uuid(1)], matricule: '0099999999' }),
      'CGU-43 CARD_OF_ANOTHER_HOLDER',
    ],
    ['his name, another number', f.requested({ person: uuid(77) }), 'CGU-43 CARD_OF_ANOTHER_HOLDER'],
    [
      'his name, another number that the RA has recorded as his',
      f.requested({ person: uuid(77), samePersonAs: [uuid(1)] }),
      'KeyRecoveryStarted',
    ],
  ])('CGU-04, CGU-43: an old key is for a new card of %s', async (_, file, outcome) => {
    const order = { spki: K, regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) } as const
    const when = given(
      on(request, f.R, f.requested()),
      on(key, K, f.bound, f.escrowed),
      on(request, uuid(12), file, withOldKey),
    )
    expect(await when.when(startKeyRecovery(policy), order, program).outcome()).toBe(outcome)
  })

  const closed: RequestEvent = { type: 'SessionClosed', data: { session: 1, outcome: 'abandoned' } }
  it.each([
    ['before the session', []],
    ['after it', [withOldKey, closed]],
    [
      'in one that was opened without this key',
      [{ ...withOldKey, data: { ...withOldKey.data, recover: [] } }],
    ],
  ] as [string, RequestEvent[]][])('CGU-42, CGU-43: no old key leaves the escrow %s', async (_, events) => {
    const order = { spki: K, regime: 'newCard', request: uuid(12), session: 1, card: uuid(41) } as const
    await given(on(key, K, f.bound, f.escrowed), on(request, uuid(12), f.requested(), ...events))
      .when(startKeyRecovery(policy), order, program)
      .then('CGU-34 OUT_OF_ORDER')
  })

  it('CGU-46: what was approved for one key opens no other', async () => {
    const other = { ...f.bound, data: { ...f.bound.data, serial: f.S2 } } as typeof f.bound
    const held = { ...f.escrowed, data: { ...f.escrowed.data, serial: f.S2 } } as typeof f.escrowed
    const two = [f.approvedBy(6, '2026-03-09T09:00:00Z'), f.approvedBy(7, '2026-03-09T09:00:00Z')]
    await given(on(key, f.K2, other, held), on(recovery, Q, f.asked(), ...two))
      .when(startKeyRecovery(policy), { spki: f.K2, regime: 'approved', recovery: Q }, program)
      .then('CGU-46 RECOVERY_NOT_APPROVED')
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

  const close = (cause: 'withdrawn' | 'expired', by: Actor, events: readonly RecoveryEvent[], at = morning) =>
    given(on(key, K, f.bound, f.escrowed), on(recovery, Q, ...events))
      .when(closeRecovery, { recovery: Q, cause }, by, at)
      .outcome()
  const mine = f.asked({ requester: holder.person, recipient: holder.person })

  it.each([
    ['its requester', holder, [mine], 'RecoveryClosed'],
    ['another holder', actor('holder', 77), [mine], 'CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED'],
    ['an officer, for a representative', officerB, [f.asked()], 'RecoveryClosed'],
    ['an RA officer', f.ra, [mine], 'CGU-06 ROLE_NOT_HELD'],
    [
      'its requester, again',
      holder,
      [mine, { type: 'RecoveryClosed', data: { cause: 'withdrawn' } }],
      'nothing',
    ],
    ['its requester, once delivered', holder, [mine, f.delivered], 'CGU-46 OUT_OF_ORDER'],
    ['anybody, when nobody asked', officerB, [], 'CGU-46 OUT_OF_ORDER'],
  ] as const)('CGU-46, CGU-47: withdrawn by %s', async (...[, by, events, outcome]) => {
    expect(await close('withdrawn', by, events)).toBe(outcome)
  })

  const [soon, later] = ['2026-03-03T09:00:00Z', '2026-03-04T09:00:00Z']
  it.each([
    ['no approval', [f.asked()], later, 'CGU-46 OUT_OF_ORDER'],
    ['an approval that counts', [f.asked(), f.approvedBy(6, later)], soon, 'CGU-46 OUT_OF_ORDER'],
    [
      'one of two that counts',
      [f.asked(), f.approvedBy(6, soon), f.approvedBy(7, later)],
      soon,
      'CGU-46 OUT_OF_ORDER',
    ],
    ['one approval, ended', [f.asked(), f.approvedBy(6, soon)], soon, 'RecoveryClosed'],
    [
      'two approvals, ended',
      [f.asked(), f.approvedBy(6, soon), f.approvedBy(7, later)],
      later,
      'RecoveryClosed',
    ],
  ] as const)('CGU-46: with %s, closed by the program', async (...[, events, at, outcome]) => {
    expect(await close('expired', program, events, at)).toBe(outcome)
    expect(await close('expired', officerB, events, at)).toBe('CGU-06 ROLE_NOT_HELD')
  })

  it('CGU-46: a key that has left the escrow under its approvals is still delivered', async () => {
    const lapsed = on(recovery, Q, f.asked(), f.approvedBy(6, soon), f.approvedBy(7, soon))
    for (const events of [[f.recoveryStarted], done]) {
      const start = given(on(key, K, f.bound, f.escrowed, ...events), lapsed)
      const closed = start.when(closeRecovery, { recovery: Q, cause: 'expired' }, program, later)
      expect(await closed.outcome()).toBe('CGU-46 OUT_OF_ORDER')
    }
  })
})

describe('CGU-46: whatever happens to a request', () => {
  const people = [officerA, officerB, officerC, actor('recoveryOfficer', 8), actor('recoveryOfficer', 1)]
  const held = [f.bound, f.escrowed].reduce(key.evolve, key.initial)
  const step = fc.record({
    act: fc.constantFrom('approve', 'reject', 'withdraw', 'expire', 'deliver'),
    who: fc.nat(people.length - 1),
    hours: fc.integer({ min: 0, max: 40 }),
  })

  it('CGU-46: a key may leave the escrow only on live approvals of two others, and nothing follows an end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let state = recovery.evolve(recovery.initial, f.asked())
        let at = morning
        for (const [n, { act, who, hours }] of steps.entries()) {
          at = addSeconds(at, hours * 3600)
          const by = people[who]!
          const order = { id: uuid(n), at }
          const orders = {
            approve: () =>
              approveRecovery(policy).decide(
                {
                  ...order,
                  type: 'ApproveRecovery',
                  by,
                  data: { recovery: Q, statement: 'vu' },
                },
                state,
                { held, appointed: new Map() },
              ),
            reject: () =>
              rejectRecovery.decide(
                { ...order, type: 'RejectRecovery', by, data: { recovery: Q, cause: 'x' } },
                state,
                undefined,
              ),
            withdraw: () =>
              closeRecovery.decide(
                { ...order, type: 'CloseRecovery', by, data: { recovery: Q, cause: 'withdrawn' } },
                state,
                held,
              ),
            expire: () =>
              closeRecovery.decide(
                { ...order, type: 'CloseRecovery', by: program, data: { recovery: Q, cause: 'expired' } },
                state,
                held,
              ),
            deliver: () =>
              deliverRecovery.decide(
                { ...order, type: 'DeliverRecovery', by, data: { recovery: Q, receipt: 'x' } },
                state,
                held,
              ),
          }
          const decision = orders[act]()
          const events = 'accepted' in decision ? decision.accepted : []
          if (state.status !== 'requested') expect(events).toEqual([])
          state = events.reduce(recovery.evolve, state)
          const counted =
            state.status === 'unknown' ? [] : state.approvals.filter(({ expiresAt }) => at < expiresAt)
          expect(new Set(counted.map(({ approver }) => approver)).size).toBe(counted.length)
          for (const { approver } of counted)
            expect([officerA.person, uuid(8), uuid(1)]).not.toContain(approver)
          if (
            state.status !== 'unknown' &&
            quorumOf(policy, { id: Q, file: state, held, appointed: new Map() }, at)
          )
            expect(counted.length).toBeGreaterThanOrEqual(2)
        }
      }),
      { seed: 46, numRuns: 300 },
    )
  })
})
