import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reportCard, scrapCard, type ReportCard, type ScrapCard } from '../../commands/cardIncidents.ts'
import { acceptCertificate, refuseCertificate } from '../../commands/certificates.ts'
import { allotCard, definePin, type AllotCard } from '../../commands/cards.ts'
import { registerStock, type RegisterStock } from '../../commands/registerStock.ts'
import { openSession } from '../../commands/sessions.ts'
import { recordUnblocking, startUnblocking, type StartUnblocking } from '../../commands/unblocking.ts'
import { tryWriting } from '../../commands/writeCard.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { appointment } from '../../domain/appointment.ts'
import { card, type Card, type CardEvent } from '../../domain/card.ts'
import { certificate, type Certificate, type CertificateEvent } from '../../domain/certificate.ts'
import type { Actor, Decision } from '../../domain/kernel.ts'
import { key, type Key } from '../../domain/key.ts'
import { planOldKeys, type OldKey } from '../../domain/policy/oldKeys.ts'
import { nextStep } from '../../domain/policy/session.ts'
import { request, type Request, type RequestEvent } from '../../domain/request.ts'
import { CardFault } from '../../pki/cardFault.ts'
import { CardUnreachable, type CardKey } from '../../pki/custody.ts'
import { serialOf, uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import { cardLives, notUnblocked, operator, stocked, unblocked } from './cardsFacts.ts'
import * as f from './facts.ts'

const { C, K, K2, M, R, S, S2, policy, holder, ra, mc, program } = f
const opened = (more: object = {}) =>
  ({ ...f.sessionOpened, data: { ...f.sessionOpened.data, ...more } }) as typeof f.sessionOpened
const inSession = [f.requested(), f.validated, opened()]

describe('a session', () => {
  const desk = uuid(45)
  const R2 = uuid(11)
  const plan = {
    ...{ request: R, holderPresent: true, desk, serial: S, card: C, slots: 12, keySizes: [3072] },
    earlier: [],
  }
  const ready = [
    ...[f.employer, f.deskInService(desk), f.deskInService(uuid(46))],
    on(request, R, f.requested(), f.validated),
  ]
  const other = (...events: readonly (typeof f.validated)[]) =>
    on(request, R2, f.requested({ person: uuid(70) }), f.validated, ...events)
  const atDesk = opened({ desk, card: uuid(41), serial: S2 })

  it.each([
    ['with the holder away', [], { holderPresent: false }, 'CGU-34 HOLDER_ABSENT'],
    ['at a desk where one is open', [other(atDesk)], { atDesk: R2 }, 'CGU-34 DESK_BUSY'],
    ['at a desk whose session has ended', [other(atDesk, f.sessionClosed)], { atDesk: R2 }, 'SessionOpened'],
    ['at another desk', [other(atDesk)], { atDesk: R2, desk: uuid(46) }, 'SessionOpened'],
    ['at a free desk', [], {}, 'SessionOpened'],
  ] as const)('CGU-34: %s', async (...[, facts, more, outcome]) => {
    const when = given(...ready, ...facts).when(openSession, { ...plan, ...more }, ra)
    expect(await when.outcome()).toBe(outcome)
  })

  it('CGU-124: is not opened at a desk that was never controlled', () =>
    given(...ready)
      .when(openSession, { ...plan, desk: uuid(47) }, ra)
      .then('CGU-124 COMPONENT_NOT_IN_SERVICE'))

  it('CGU-43: takes the holder’s old keys as the ledger has them, and nobody else’s', async () => {
    const old = on(certificate, S2, f.planned, f.issued, f.acceptedByHolder)
    const start = given(...ready, old, on(key, K, f.bound, f.escrowed))
    const order = { ...plan, earlier: [S2] }
    await start
      .when(openSession, order, ra)
      .then([{ type: 'SessionOpened', data: { recover: [S2], leftOut: [] } }])
    const full = { recover: [], leftOut: [{ serial: S2, cause: 'cardFull' }] }
    await start.when(openSession, { ...order, slots: 1 }, ra).then([{ type: 'SessionOpened', data: full }])
    // The driver may have less room than the policy, other key sizes, or be for another model.
    for (const room of [{ slots: 0 }, { keySizes: [] }, { keySizes: [2048, 4096] }])
      await start.when(openSession, { ...order, ...room }, ra).then('CGU-14 CARD_CANNOT_HOLD_KEY')
    const another = given(
      ...ready.slice(0, 3),
      on(request, R, f.requested({ person: uuid(70) }), f.validated),
      old,
    )
    await another.when(openSession, order, ra).then('CGU-43 CARD_OF_ANOTHER_HOLDER')
  })

  const hadNumber = uuid(78)
  const corrected: RequestEvent = {
    type: 'RegistrationCorrected',
    data: { fields: ['matricule'], values: { matricule: '0012345678' }, asker: ra.person },
  }
  const otherNumber = { ...f.planned, data: { ...f.planned.data, request: R2, person: hadNumber } }
  it.each([
    ['that the RA has recorded, with his matricule', [hadNumber], '0012345678', []],
    [
      'that the RA has recorded, with another matricule',
      [hadNumber],
      '0012345679',
      [{ serial: S2, cause: 'identityNotShown' }],
    ],
    ['that nobody has recorded', [], '0012345678', 'CGU-43 CARD_OF_ANOTHER_HOLDER'],
    [
      'that the RA has recorded, with a matricule corrected after its card was made',
      [hadNumber],
      '0012345679',
      [{ serial: S2, cause: 'identityNotShown' }],
      [f.validated, opened(), f.handedOver, corrected],
    ],
  ] as const)('CGU-04, CGU-43: keys under another number, %s', async (...row) => {
    const [, samePersonAs, matricule, left, then = []] = row
    const when = given(
      ...ready.slice(0, 3),
      on(request, R, f.requested({ samePersonAs: [...samePersonAs] }), f.validated),
      on(request, R2, f.requested({ person: hadNumber, matricule }), ...then),
      on(certificate, S2, otherNumber as CertificateEvent, f.issued, f.acceptedByHolder),
      on(key, K, f.bound, {
        ...f.escrowed,
        data: { ...f.escrowed.data, request: R2, person: hadNumber },
      } as typeof f.escrowed),
    ).when(openSession, { ...plan, earlier: [S2] }, ra)
    await when.then(
      typeof left === 'string'
        ? left
        : [{ type: 'SessionOpened', data: { recover: left.length > 0 ? [] : [S2], leftOut: [...left] } }],
    )
  })
})

describe('old keys on a new card', () => {
  const at = '2036-06-01T00:00:00Z'
  const kinds = ['kept', 'ended', 'lost', 'neverAccepted'] as const
  const certificateOf = (kind: (typeof kinds)[number]): Certificate =>
    [
      f.planned,
      f.issued,
      ...(kind === 'neverAccepted' ? [] : [f.acceptedByHolder]),
      f.revoked,
    ].reduce<Certificate>(
      (state, event: CertificateEvent) => certificate.evolve(state, event),
      certificate.initial,
    )
  const keyOf = (kind: (typeof kinds)[number]): Key => {
    if (kind === 'lost') return key.initial
    const until = kind === 'ended' ? at : '2036-06-01T00:00:01Z'
    const data = { ...f.escrowed.data, until } as typeof f.escrowed.data
    return [f.bound, { ...f.escrowed, data } as typeof f.escrowed].reduce<Key>(
      (state, event) => key.evolve(state, event),
      key.initial,
    )
  }
  const histories = fc.array(fc.constantFrom(...kinds), { maxLength: 30 }).map((chosen) =>
    chosen.map((kind, n) => ({
      kind,
      old: {
        serial: serialOf(n),
        certificate: certificateOf(kind),
        key: keyOf(kind),
        isHis: true,
      } satisfies OldKey,
    })),
  )

  it('CGU-42, CGU-43: all that was accepted is on the card or left out with its cause, newest first, within its room', () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 20 }), (history, room) => {
        const { recover, leftOut } = planOldKeys(
          history.map(({ old }) => old),
          room,
          at,
        )
        const serialsOf = (...of: readonly string[]) =>
          history.filter(({ kind }) => of.includes(kind)).map(({ old }) => old.serial)
        expect(recover).toEqual(serialsOf('kept').slice(0, room))
        expect(leftOut.filter(({ cause }) => cause === 'cardFull').map(({ serial }) => serial)).toEqual(
          serialsOf('kept').slice(room),
        )
        expect(leftOut.filter(({ cause }) => cause === 'escrowEnded').map(({ serial }) => serial)).toEqual(
          serialsOf('ended'),
        )
        expect(leftOut.filter(({ cause }) => cause === 'keyLost').map(({ serial }) => serial)).toEqual(
          serialsOf('lost'),
        )
        expect([...recover, ...leftOut.map(({ serial }) => serial)].sort()).toEqual(
          serialsOf('kept', 'ended', 'lost').sort(),
        )
      }),
      { seed: 43 },
    )
  })
})

describe('what comes next in a session', () => {
  const fold = <S, E>(
    { initial, evolve }: { initial: S; evolve: (state: S, event: E) => S },
    events: readonly E[],
  ) => events.reduce(evolve, initial)
  const file = fold<Request, (typeof inSession)[number]>(request, inSession)
  const session = file.status === 'inSession' ? file.session : undefined
  const signed = [f.planned, f.issued]

  it.each([
    ['nothing done', 'unknown', [], 'allot'],
    ['a card', 'allotted', [], 'issue'],
    ['a plan', 'allotted', [f.planned], 'issue'],
    ['a certificate', 'allotted', signed, 'write'],
    ['a written card', 'written', signed, 'pin'],
    ['a PIN', 'inUse', signed, 'present'],
    ['an acceptance', 'inUse', [...signed, f.acceptedByHolder], 'handOver'],
    ['an acceptance before the PIN', 'written', [...signed, f.acceptedByHolder], 'pin'],
    ['a refusal', 'inUse', [...signed, f.refusedByHolder], 'undo'],
    ['a card that cannot be written', 'spoiled', signed, 'undo'],
    ['a serial given up', 'allotted', [f.abandoned], 'undo'],
  ] as const)('CGU-34: after %s', (...[, life, events, step]) => {
    const standing = {
      request: R,
      session: session!,
      card: fold(card, cardLives[life] as readonly CardEvent[]),
    }
    expect(nextStep({ ...standing, certificate: fold(certificate, events) })).toBe(step)
  })
})

describe('a card', () => {
  const order = {
    ...{ card: C, request: R, model: 'software-qscd', chipNumber: '8925 0000 0042' },
    kind: 'agent',
    serials: [S],
  } satisfies AllotCard['data']
  const allotting = (events: readonly CardEvent[], more: object = {}, file = inSession) =>
    given(on(request, R, ...file), on(card, C, ...events))
      .when(allotCard(policy), { ...order, ...more }, ra)
      .outcome()
  const later = [...inSession, f.sessionClosed, opened({ session: 2 })]

  it.each([
    ['inStock', 'CardAllotted'],
    ['discarded', 'CGU-34 OUT_OF_ORDER'],
    ['blocked', 'CGU-34 OUT_OF_ORDER'],
    ['faulty', 'CGU-34 OUT_OF_ORDER'],
    ['lost', 'CGU-34 OUT_OF_ORDER'],
    ['unblocking', 'CGU-34 OUT_OF_ORDER'],
    ['allotted', 'CGU-34 CARD_BUSY'],
    ['inUse', 'CardAllotted'],
  ] as const)('CGU-34: that is %s, allotted to a later session of its holder', async (life, outcome) => {
    expect(await allotting(cardLives[life], {}, later)).toBe(outcome)
  })

  it('CGU-34: in the session that is open it is busy', async () => {
    expect(await allotting(cardLives.inUse)).toBe('CGU-34 CARD_BUSY')
  })

  it('CGU-43: in use by another holder it is not to be had', async () => {
    const others = { ...f.allotted, data: { ...f.allotted.data, person: uuid(77), request: uuid(12) } }
    const events = [others as typeof f.allotted, f.written, f.pinDefined]
    expect(await allotting(events)).toBe('CGU-43 CARD_OF_ANOTHER_HOLDER')
  })

  it.each([
    ['another chip', { chipNumber: '8925 0000 0043' }],
    ['another model', { model: 'paper' }],
    ['another kind', { kind: 'temporary' }],
  ])('CGU-14: of the stock, with %s on the desk', async (_, more) => {
    expect(await allotting([stocked], more)).toBe('CGU-14 CARD_NOT_QUALIFIED')
  })

  it.each([
    ['new', [], {}, 'CardStocked'],
    ['of a model that is no QSCD', [], { model: 'paper' }, 'CGU-14 CARD_NOT_QUALIFIED'],
    ['whose chip is registered', [on(card, uuid(41), stocked)], { known: uuid(41) }, 'CGU-34 OUT_OF_ORDER'],
    ['that is known', [on(card, C, stocked)], {}, 'CGU-34 OUT_OF_ORDER'],
  ] as const)('CGU-14: taken into the stock — %s', async (...[, facts, more, outcome]) => {
    const data = { card: C, ...stocked.data, ...more } as RegisterStock['data']
    const when = given(...facts).when(registerStock(policy), data, ra)
    expect(await when.outcome()).toBe(outcome)
  })

  it.each(Object.keys(cardLives) as (keyof typeof cardLives)[])(
    'CGU-51 to CGU-53, CGU-99: from %s, what each command makes of it',
    async (life) => {
      const start = given(
        on(request, R, f.requested()),
        on(card, C, ...(cardLives[life] as readonly CardEvent[])),
      )
      const report = (incident: ReportCard['data']['incident']) =>
        start.when(reportCard, { card: C, incident }, holder).outcome()
      const found = await Promise.all([
        report('blocked'),
        report('faulty'),
        report('stolen'),
        start.when(startUnblocking, asked, operator).outcome(),
        start.when(recordUnblocking, { card: C, unblocked: true }, program).outcome(),
        start.when(scrapCard, { card: C, cause: 'faulty', method: 'shredded' }, ra).outcome(),
      ])
      expect(found).toEqual(made[life])
    },
  )
  const asked: StartUnblocking['data'] = {
    ...{ card: C, askedBy: 'holder', identityMethod: 'inPerson', documentNumber: '880692310285' },
    method: 'puk',
  }
  const [no, locked] = ['CGU-99 OUT_OF_ORDER', 'CGU-53 OUT_OF_ORDER']
  const [told, scrapped] = ['CardIncidentReported', 'CardScrapped']
  const made: Readonly<Record<keyof typeof cardLives, readonly string[]>> = {
    unknown: [no, no, no, locked, locked, 'nothing'],
    inStock: [no, no, no, locked, locked, scrapped],
    discarded: [no, no, no, locked, locked, 'nothing'],
    allotted: [no, no, no, locked, locked, scrapped],
    written: [no, no, no, locked, locked, scrapped],
    spoiled: [no, no, no, locked, locked, scrapped],
    released: [no, no, no, locked, locked, 'nothing'],
    inUse: [told, told, told, locked, locked, scrapped],
    blocked: ['nothing', told, told, 'CardUnblockingStarted', locked, scrapped],
    faulty: [no, 'nothing', told, locked, locked, scrapped],
    lost: [no, no, 'nothing', locked, locked, scrapped],
    unblocking: ['nothing', no, told, locked, 'CardUnblocked', scrapped],
    scrapped: [no, no, no, locked, locked, 'nothing'],
    notErased: [no, no, no, locked, locked, scrapped],
    leftThere: [no, no, no, locked, locked, scrapped],
  }

  it('CGU-99: what was not erased is ended once, when it is found, for the cause that it was scrapped for', async () => {
    const start = given(on(request, R, f.requested()), on(card, C, ...cardLives.notErased))
    const scrap = (method: ScrapCard['data']['method']) =>
      start.when(scrapCard, { card: C, cause: 'found', method, minutes: 'PV 13' }, ra)
    expect(await scrap('notErased').outcome()).toBe('nothing')
    for (const method of ['erased', 'shredded'] as const)
      await scrap(method).then([
        { type: 'CardScrapped', data: { cause: 'faulty', method, minutes: 'PV 13' } },
      ])
    // One of the stock, which nobody has had, as well.
    const discarded = { type: 'CardScrapped', data: { cause: 'faulty', method: 'notErased' } } as const
    await given(on(card, C, stocked, discarded))
      .when(scrapCard, { card: C, cause: 'found', method: 'shredded' }, ra)
      .then([{ type: 'CardScrapped', data: { cause: 'faulty', method: 'shredded' } }])
  })

  it.each([
    ['by the operator, for the holder', operator, {}, 'CardUnblockingStarted'],
    ['asked by an agent (MC)', operator, { askedBy: 'mc' }, 'CGU-52 UNBLOCKING_HOLDER_ONLY'],
    [
      'asked by the representative',
      operator,
      { askedBy: 'legalRepresentative' },
      'CGU-52 UNBLOCKING_HOLDER_ONLY',
    ],
    ['without a document', operator, { documentNumber: undefined }, 'CGU-53 IDENTITY_DOCUMENT_REQUIRED'],
    ['on a document without number', operator, { documentNumber: ' ' }, 'CGU-53 IDENTITY_DOCUMENT_REQUIRED'],
    ...(['mandate', 'referential', 'file', 'authCertificate'] as const).map(
      (identityMethod) =>
        [
          `unseen, by ${identityMethod}`,
          operator,
          { identityMethod },
          'CGU-53 IDENTITY_DOCUMENT_REQUIRED',
        ] as const,
    ),
    ['for himself', actor('unblockingOperator', 1), {}, 'CGU-04 SELF_APPROVAL'],
    ['by the holder', holder, {}, 'CGU-53 ROLE_NOT_HELD'],
    ['by the RA', ra, {}, 'CGU-53 ROLE_NOT_HELD'],
  ] as const)('CGU-52, CGU-53: unblocked %s', async (...[, by, more, outcome]) => {
    const data = Object.fromEntries(
      Object.entries({ ...asked, ...more }).filter(([, value]) => value !== undefined),
    ) as StartUnblocking['data']
    expect(
      await given(on(card, C, ...cardLives.blocked))
        .when(startUnblocking, data, by)
        .outcome(),
    ).toBe(outcome)
  })

  it.each([
    ['initial', cardLives.written, 'issuance'],
    ['renewal', cardLives.written, 'renewal'],
    ['renewal', [...cardLives.unblocking, unblocked], 'unblocking'],
  ] as const)('CGU-50: the PIN of a card of a request that is %s', async (...[kind, events, occasion]) => {
    await given(on(request, R, f.requested({ kind })), on(card, C, ...events))
      .when(definePin(policy), { card: C }, holder)
      .then([{ type: 'CardPinDefined', data: { occasion, triesAllowed: policy.card.pinTries } }])
  })

  it('CGU-53: unblocked, its holder defines a new PIN; not unblocked, it stays blocked', async () => {
    const open = given(on(card, C, ...cardLives.unblocking, unblocked))
    await open
      .when(definePin(policy), { card: C }, holder)
      .then([
        { type: 'CardPinDefined', data: { occasion: 'unblocking', triesAllowed: policy.card.pinTries } },
      ])
    await open.when(definePin(policy), { card: C }, actor('holder', 77)).then('CGU-50 PIN_HOLDER_ONLY')
    const failed = given(on(card, C, ...cardLives.unblocking, notUnblocked))
    await failed.when(startUnblocking, asked, operator).then([{ type: 'CardUnblockingStarted' }])
    await failed.when(definePin(policy), { card: C }, holder).then('CGU-50 OUT_OF_ORDER')
  })

  const mandate = on(appointment, M, f.proposed(), f.checked, f.undertaken)
  it.each([
    ['CGU-98: its holder', holder, 'stolen', {}, told],
    ['CGU-98: another holder', actor('holder', 77), 'stolen', {}, 'CGU-43 CARD_OF_ANOTHER_HOLDER'],
    ['CGU-98: the agent of his entity', mc, 'lost', { mandate: M }, told],
    ['CGU-23: an agent without a mandate', mc, 'lost', {}, 'CGU-23 MANDATE_NOT_IN_FORCE'],
    ['CGU-99: the RA', ra, 'faulty', { function: 'other' }, told],
    ['CGU-51: the operator', operator, 'blocked', {}, told],
    ['CGU-62: the operator, a loss', operator, 'lost', {}, 'CGU-62 REVOKER_NOT_ENTITLED'],
    ['CGU-06: an auditor', actor('auditor', 9), 'faulty', {}, 'CGU-06 ROLE_NOT_HELD'],
  ] as const)('reported by — %s', async (...[, by, incident, more, outcome]) => {
    const start = given(mandate, on(request, R, f.requested()), on(card, C, ...cardLives.inUse))
    expect(await start.when(reportCard, { card: C, incident, ...more }, by).outcome()).toBe(outcome)
  })

  const next = on(card, uuid(41), { ...f.allotted }, f.written, f.pinDefined)
  it.each([
    ['CGU-99: of a session that is open', 'inUse', 'faulty', {}, inSession, 'CGU-34 CARD_BUSY'],
    ['CGU-99: as if a session had ended', 'inUse', 'spoiled', {}, [], no],
    ['CGU-59: replaced by one in use', 'inUse', 'replaced', { replacedBy: uuid(41) }, [], scrapped],
    ['CGU-59: replaced by none', 'inUse', 'replaced', {}, [], no],
    ['CGU-59: replaced by itself', 'inUse', 'replaced', { replacedBy: C }, [], no],
    [
      'CGU-99: replaced, although it was reported faulty',
      'faulty',
      'replaced',
      { replacedBy: uuid(41) },
      [],
      no,
    ],
    ['CGU-14: of the stock', 'inStock', 'spoiled', {}, [], scrapped],
  ] as const)('scrapped — %s', async (...[, life, cause, more, file, outcome]) => {
    const facts = [
      next,
      on(request, R, ...(file.length === 0 ? [f.requested()] : file)),
      on(card, C, ...cardLives[life]),
    ]
    const data = { card: C, cause, method: 'shredded', ...more } as const
    expect(
      await given(...facts)
        .when(scrapCard, data, ra)
        .outcome(),
    ).toBe(outcome)
  })

  it('CGU-50, CGU-53, CGU-99: in any order of commands a PIN follows a writing or an unblocking, and scrap is the end', () => {
    const commandOf = (type: string, by: Actor, data: object) =>
      ({ type, id: uuid(99), by, at: morning, data: { card: C, ...data } }) as never
    const file = inSession
      .slice(0, 1)
      .reduce<Request>((state, event) => request.evolve(state, event), request.initial)
    const acts: readonly ((state: Card) => Decision<CardEvent>)[] = [
      (state) => definePin(policy).decide(commandOf('DefinePin', holder, {}), state, file),
      ...(['blocked', 'faulty', 'lost'] as const).map(
        (incident) => (state: Card) =>
          reportCard.decide(commandOf('ReportCard', holder, { incident }), state, {
            file,
            mandate: undefined,
          }),
      ),
      (state) => startUnblocking.decide(commandOf('StartUnblocking', operator, asked), state, undefined),
      ...[true, false].map(
        (isOpen) => (state: Card) =>
          recordUnblocking.decide(
            commandOf('RecordUnblocking', program, { unblocked: isOpen, fault: 'pukWrong' }),
            state,
            undefined,
          ),
      ),
      (state) =>
        scrapCard.decide(commandOf('ScrapCard', ra, { cause: 'faulty', method: 'shredded' }), state, {
          ...{ holding: file, other: undefined },
        }),
    ]
    fc.assert(
      fc.property(fc.array(fc.nat({ max: acts.length - 1 }), { maxLength: 40 }), (chosen) => {
        let state = cardLives.written.reduce<Card>(
          (folded, event) => card.evolve(folded, event),
          card.initial,
        )
        const written: string[] = ['CardWritten']
        for (const n of chosen) {
          const decision = acts[n]!(state)
          if ('refused' in decision) continue
          state = decision.accepted.reduce<Card>((folded, event) => card.evolve(folded, event), state)
          written.push(...decision.accepted.map(({ type }) => type))
        }
        const before = (type: string) => written.flatMap((one, n) => (one === type ? [written[n - 1]] : []))
        expect(
          before('CardPinDefined').every((one) => one === 'CardWritten' || one === 'CardUnblocked'),
        ).toBe(true)
        expect(new Set(before('CardUnblocked'))).toEqual(
          new Set(written.includes('CardUnblocked') ? ['CardUnblockingStarted'] : []),
        )
        expect(written.slice(0, -1)).not.toContain('CardScrapped')
      }),
      { seed: 99 },
    )
  })
})

describe('the writing of a card', () => {
  /** A card whose reader fails at some of the steps, in the order in which they come. */
  const desk = (faults: Readonly<Record<number, Error>>, tested = true, borne: readonly string[] = []) => {
    const steps: string[] = []
    const step = (name: string): void => {
      steps.push(name)
      const fault = faults[steps.length]
      if (fault !== undefined) throw fault
    }
    return {
      steps,
      read: async () => {
        step('read')
        return borne
      },
      begin: async () => {
        step('begin')
        return { transportKey: Buffer.from('of the card') }
      },
      write: async () => step('write'),
      testDecryption: async () => {
        step('test')
        return tested
      },
    }
  }
  const reader = Object.assign(new Error('the reader fell silent'), { name: 'ReaderFault' })
  const wanted = (keysFor = async (): Promise<readonly CardKey[]> => []) => ({
    card: C,
    serials: [S],
    keysFor,
  })

  it.each([
    ['without', {}, { written: true, decryptionTested: true, attempts: 1 }],
    ['with two', { 1: reader, 2: reader }, { written: true, decryptionTested: true, attempts: 3 }],
    [
      'with three',
      { 3: reader, 5: reader, 7: reader },
      { written: false, stage: 'write', fault: 'ReaderFault' },
    ],
    [
      'with three at once',
      { 1: reader, 2: reader, 3: reader },
      { written: false, stage: 'begin', fault: 'ReaderFault' },
    ],
  ] as const)('CGU-34: %s faults of the reader', async (_, faults, outcome) => {
    expect(await tryWriting(desk(faults), wanted())).toEqual(outcome)
  })

  it('CGU-34: of a fault of custody its code is recorded, of any other its kind', async () => {
    const key = new KeyFault('the transport key is none', { code: 'transportKeyUnusable' })
    for (const [fault, recorded] of [
      [key, 'transportKeyUnusable'],
      [new KeyFault('the driver failed'), 'custody'],
      [Object.assign(new Error('busy'), { name: 'ReaderFault', code: 'EBUSY' }), 'ReaderFault'],
    ] as const) {
      const faults = { 3: fault, 5: fault, 7: fault }
      expect(await tryWriting(desk(faults), wanted())).toMatchObject({ stage: 'write', fault: recorded })
    }
  })

  it('CGU-34: a card whose keys do not decrypt is hopeless', async () => {
    const outcome = { written: false, stage: 'test', fault: 'decryptionFailed' }
    expect(await tryWriting(desk({}, false), wanted())).toEqual(outcome)
  })

  it.each(
    [1, 2, 3, 4].flatMap((at) =>
      [
        new CardUnreachable('no card'),
        new CardFault('CardForeign', 'another one'),
        new CardFault('CardAmbiguous', 'several'),
      ].map((gone) => [at, gone.name, gone] as const),
    ),
  )('CGU-34: a card pulled out at step %i and not put back (%s) is not spoiled', async (at, _, gone) => {
    const always = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [at + i, gone]))
    await expect(tryWriting(desk(always), wanted())).rejects.toBe(gone)
    expect(await tryWriting(desk({ [at]: gone }), wanted())).toMatchObject({ written: true, attempts: 2 })
  })

  it('CGU-43: keys leave the escrow once for one transport key, and what the escrow refuses is not the card’s fault', async () => {
    let asked = 0
    const keysFor = async () => {
      asked += 1
      return []
    }
    await tryWriting(desk({ 3: reader }), wanted(keysFor))
    expect(asked).toBe(1)
    const refused = new Error('KEY_BUSY')
    await expect(
      tryWriting(
        desk({}),
        wanted(() => Promise.reject(refused)),
      ),
    ).rejects.toBe(refused)
  })

  it('CGU-34: a card that bears the keys already, after a crash, is tested and not written again', async () => {
    const there = desk({}, true, [S])
    expect(await tryWriting(there, wanted())).toMatchObject({ written: true })
    expect(there.steps).toEqual(['read', 'test'])
  })
})

describe('the answer of the holder', () => {
  const start = given(on(certificate, S, f.planned, f.issued))
  const late = '2026-03-02T09:30:00Z'
  it.each([
    ['too early', program, 'noAnswer', '2026-03-02T09:29:59Z', 'CGU-37 OUT_OF_ORDER'],
    ['in time', program, 'noAnswer', late, 'CertificateRefused'],
    ['for another cause', program, 'contentWrong', late, 'CGU-37 ACCEPTANCE_HOLDER_ONLY'],
    ['by himself', holder, 'noAnswer', late, 'CGU-37 ACCEPTANCE_HOLDER_ONLY'],
  ] as const)('CGU-37: refused for want of an answer — %s', async (...[, by, cause, at, outcome]) => {
    const data = { serial: S, ...f.presented, cause }
    expect(await start.when(refuseCertificate(policy), data, by, at).outcome()).toBe(outcome)
  })

  it('CGU-16, CGU-37: to accept the certificate is another act than to accept the conditions of use', async () => {
    const withCgu = given(
      on(request, R, ...inSession.slice(0, 1), f.accepted),
      on(certificate, S, f.planned, f.issued),
    )
    await withCgu
      .when(acceptCertificate, { serial: S, ...f.presented }, holder)
      .then([{ type: 'CertificateAccepted', data: { action: 'Valider' } }])
    const wrong = { serial: S, ...f.presented, presentedSha256: K2 }
    await withCgu.when(acceptCertificate, wrong, holder, morning).then('CGU-36 CONTENT_DIFFERS')
    expect([K, K2]).not.toContain(f.presented.presentedSha256)
  })
})
