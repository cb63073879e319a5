// The keys of officers count by a chain of signed confirmations, which begins at a key that the policy names: who can write the ledger, and
// has no officer's key, can make no key count.
import { describe, expect, it } from 'vitest'
import { approveRecovery, type ApproveRecovery } from '../../commands/approveRecovery.ts'
import { approveDestruction, startDestruction } from '../../commands/destructions.ts'
import {
  approvalStatement,
  confirmationStatement,
  destructionStatement,
  keyStatement,
  listDigest,
  termsOf,
  type KeyToConfirm,
} from '../../commands/approvalStatement.ts'
import { keyCounts } from '../../commands/approvalKeyChain.ts'
import { registerApprovalKey } from '../../commands/approvalKeys.ts'
import { confirmApprovalKey, type ConfirmApprovalKey } from '../../commands/confirmApprovalKey.ts'
import { executeRecovery } from '../../commands/executeRecovery.ts'
import { startKeyRecovery } from '../../commands/keys.ts'
import { appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import { destruction, type DestructionEvent, type Run } from '../../domain/destruction.ts'
import { key } from '../../domain/key.ts'
import type { Role } from '../../domain/lists.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { parsePolicy, type Policy } from '../../domain/policy/policy.ts'
import { recovery, type RecoveryEvent, type RecoveryFile } from '../../domain/recovery.ts'
import { canonical } from '../../ledger/canonical.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import { officerKey, type OfficerKey } from '../support/officerKeys.ts'
import * as f from './facts.ts'

const { K, Q, signing, officerB, officerD, program } = { ...f, officerD: actor('recoveryOfficer', 9) }

/** A person in a role, on an appointment, with a key. */
type Office = Readonly<{ id: string; person: string; role: Role; own: OfficerKey }>
const office = (n: number, role: Role, own = officerKey()): Office => ({
  ...{ id: uuid(600 + n), person: uuid(n), role, own },
})
const anchor = office(11, 'securityOfficer')
const second = office(12, 'securityOfficer', officerKey('p384'))
const third = office(13, 'securityOfficer', officerKey('rsa2048'))
const anew = { ...anchor, id: uuid(661) }
const [b, c] = [office(6, 'recoveryOfficer'), office(7, 'recoveryOfficer')]
const other = officerKey()

const withAnchors = (...keys: readonly OfficerKey[]): Policy =>
  parsePolicy({
    ...signing,
    escrow: { ...signing.escrow, approvalAnchors: keys.map(({ keySha256 }) => keySha256) },
  })
const policy = withAnchors(anchor.own)

const inOffice = ({ role, person }: Office): readonly AppointmentEvent[] => [
  f.proposed({ role, entity: undefined, powers: [], person }),
  ...[f.checked, f.undertaken],
]
const registered = (who: Office, nth = 1, own = who.own): AppointmentEvent => ({
  type: 'ApprovalKeyRegistered',
  data: { nth, publicKey: own.publicKey, proof: own.sign(keyStatement(policy, who.id, own.keySha256)) },
})

/** What differs of a confirmation: of what is signed, of who signs, of what the event says. */
type Confirming = Readonly<{
  about?: Partial<KeyToConfirm>
  own?: OfficerKey
  nth?: number
  signer?: OfficerKey
  confirmer?: Partial<Office>
  place?: Partial<Policy>
}>
const signedFor = (who: Office, by: Office, how: Confirming = {}) => {
  const { nth = 1, own = who.own, place } = how
  const confirmer = { ...by, ...how.confirmer }
  const about = { appointment: who.id, person: who.person, role: who.role, nth, keySha256: own.keySha256 }
  const text = confirmationStatement(
    { ...policy, ...place },
    { ...about, ...how.about },
    { appointment: confirmer.id, keySha256: confirmer.own.keySha256 },
  )
  return {
    ...{ confirmerAppointment: confirmer.id, confirmerKey: confirmer.own.keySha256 },
    signature: (how.signer ?? by.own).sign(text),
  }
}
const confirmed = (who: Office, by: Office, how: Confirming = {}): AppointmentEvent => ({
  type: 'ApprovalKeyConfirmed',
  data: { nth: how.nth ?? 1, confirmer: by.person, ...signedFor(who, by, how) },
})
const unsigned = (nth = 1): AppointmentEvent => ({
  type: 'ApprovalKeyConfirmed',
  data: { nth, confirmer: anchor.person },
})
const withKey = (who: Office, by: Office, how: Confirming = {}): readonly AppointmentEvent[] => [
  ...[...inOffice(who), registered(who), confirmed(who, by, how)],
]
const anchored = [...inOffice(anchor), registered(anchor), unsigned()]
const byAnchor = withKey(second, anchor)

/** Appointments, each once: the later ones take the places of the earlier. */
type Offices = Readonly<Record<string, readonly AppointmentEvent[]>>
const appointed = (...offices: readonly Offices[]) =>
  Object.entries(Object.assign({}, ...offices) as Offices).map(([id, events]) =>
    on(appointment, id, ...events),
  )
const usual: Offices = { [anchor.id]: anchored, [second.id]: byAnchor, [c.id]: withKey(c, anchor) }

const inAnHour = addSeconds(morning, 3600)
const nonce = '0123456789abcdef0123456789abcdef'
const kept = on(key, K, f.bound, f.escrowed)
const approval = ({ id, own }: Office): ApproveRecovery['data'] => {
  const signedStatement = approvalStatement(
    policy,
    { id: Q, file: recovery.evolve(recovery.initial, f.asked()) as RecoveryFile },
    { keySha256: own.keySha256, reason: 'Pièces vues.', expiresAt: inAnHour, nonce },
  )!
  const signature = own.sign(signedStatement)
  return { recovery: Q, statement: 'Pièces vues.', signedStatement, signature, appointment: id }
}
const recorded = (who: Office): RecoveryEvent => {
  const { recovery: _, ...data } = approval(who) as Required<ApproveRecovery['data']>
  return {
    type: 'RecoveryApproved',
    data: { nth: 1, statementSha256: f.digest, expiresAt: inAnHour, approver: who.person, ...data },
  }
}

/** What becomes of the approval of `b` when it is given, when an execution is asked for, and when the key is to leave. */
const outcomes = async (offices: Offices, rules = policy): Promise<readonly string[]> => {
  const officers = appointed(usual, offices)
  const standing = [kept, ...officers, on(recovery, Q, f.asked(), recorded(b), recorded(c))]
  const order = { spki: K, regime: 'approved', recovery: Q } as const
  return [
    await given(kept, ...officers, on(recovery, Q, f.asked()))
      .when(approveRecovery(rules), approval(b), officerB)
      .outcome(),
    await given(...standing)
      .when(executeRecovery(rules), { recovery: Q }, officerD)
      .outcome(),
    await given(...standing)
      .when(startKeyRecovery(rules), order, program)
      .outcome(),
  ]
}
const counts = ['RecoveryApproved', 'nothing', 'KeyRecoveryStarted']
const countsNot = [
  ...['CGU-46 APPROVAL_KEY_UNANCHORED', 'CGU-46 RECOVERY_NOT_APPROVED', 'CGU-46 RECOVERY_NOT_APPROVED'],
]

describe('a key counts', () => {
  const [again, asSecurity] = [officerKey(), office(6, 'securityOfficer')]
  const left = { ...asSecurity, id: uuid(660) }
  const cases: readonly (readonly [string, Offices])[] = [
    ['whose confirmation the anchor has signed', { [b.id]: withKey(b, anchor) }],
    ['whose confirmation one has signed whom the anchor confirmed', { [b.id]: withKey(b, second) }],
    ['at the end of a longer chain', { [third.id]: withKey(third, second), [b.id]: withKey(b, third) }],
    [
      'whose confirmer has another key by now',
      {
        [second.id]: [
          ...byAnchor,
          registered(second, 2, again),
          confirmed(second, anchor, { nth: 2, own: again }),
        ],
        [b.id]: withKey(b, second),
      },
    ],
    [
      'whose confirmer has another key by now, which nobody has signed for',
      { [second.id]: [...byAnchor, registered(second, 2, again), unsigned(2)], [b.id]: withKey(b, second) },
    ],
    ['whose confirmer has left', { [second.id]: [...byAnchor, f.ended], [b.id]: withKey(b, second) }],
    ['whose anchor has left', { [anchor.id]: [...anchored, f.ended], [b.id]: withKey(b, anchor) }],
    [
      'whose anchor is in office again, by another appointment',
      {
        [anchor.id]: [...anchored, f.ended],
        [anew.id]: [...inOffice(anew), registered(anew), unsigned()],
        [b.id]: withKey(b, anew),
      },
    ],
    [
      'that was confirmed unsigned, and then signed',
      { [b.id]: [...inOffice(b), registered(b), unsigned(), confirmed(b, anchor)] },
    ],
    [
      'that somebody wrote an unsigned confirmation of, after the signed one',
      { [b.id]: [...withKey(b, anchor), unsigned()] },
    ],
    [
      'that takes the place of another one',
      {
        [b.id]: [
          ...inOffice(b),
          registered(b, 1, again),
          confirmed(b, anchor, { own: again }),
          registered(b, 2),
          confirmed(b, anchor, { nth: 2 }),
        ],
      },
    ],
  ]
  it.each(cases)('CGU-46: %s', async (_, offices) => {
    expect(await outcomes(offices)).toEqual(counts)
  })

  it('CGU-46: and one of an anchor that has shown that it is held, confirmed by whomever', async () => {
    const own = withAnchors(anchor.own, second.own)
    const alone = [...inOffice(second), registered(second), unsigned()]
    expect(await outcomes({ [second.id]: alone, [b.id]: withKey(b, second) }, own)).toEqual(counts)
    expect(await outcomes({ [second.id]: alone, [b.id]: withKey(b, second) })).toEqual(countsNot)
  })

  const forged: readonly (readonly [string, Offices])[] = [
    ['that the ledger alone says was confirmed', { [b.id]: [...inOffice(b), registered(b), unsigned()] }],
    ['whose confirmation another’s key has signed', { [b.id]: withKey(b, anchor, { signer: other }) }],
    ['signed by the anchor, in another’s name', { [b.id]: withKey(b, second, { signer: anchor.own }) }],
    ['signed for another appointment', { [b.id]: withKey(b, anchor, { about: { appointment: c.id } }) }],
    [
      'signed for another fingerprint',
      { [b.id]: withKey(b, anchor, { about: { keySha256: other.keySha256 } }) },
    ],
    ['signed for another person', { [b.id]: withKey(b, anchor, { about: { person: c.person } }) }],
    ['signed for another role', { [b.id]: withKey(b, anchor, { about: { role: 'caOfficer' } }) }],
    ['signed for another number', { [b.id]: withKey(b, anchor, { about: { nth: 2 } }) }],
    [
      'signed for another ledger',
      { [b.id]: withKey(b, anchor, { place: { log: 'autre.example/registre/1' } }) },
    ],
    [
      'signed for another environment',
      { [b.id]: withKey(b, anchor, { place: { environment: 'production' } }) },
    ],
    ['signed with another’s appointment', { [b.id]: withKey(b, anchor, { confirmer: { id: second.id } }) }],
    [
      'whose confirmer’s key was confirmed by nobody',
      { [second.id]: [...inOffice(second), registered(second)], [b.id]: withKey(b, second) },
    ],
    [
      'whose confirmer’s key does not chain to an anchor',
      { [second.id]: [...inOffice(second), registered(second), unsigned()], [b.id]: withKey(b, second) },
    ],
    [
      'whose confirmers have confirmed each other',
      { [second.id]: withKey(second, third), [third.id]: withKey(third, second), [b.id]: withKey(b, second) },
    ],
    ['that itself has confirmed', { [b.id]: withKey(b, b) }],
    ['that was confirmed by oneself', { [left.id]: withKey(left, anchor), [b.id]: withKey(b, left) }],
    ['whose confirmer is not a security officer', { [b.id]: withKey(b, c) }],
    [
      'whose confirmer has an anchor’s key, and is not a security officer',
      {
        [c.id]: [...inOffice(c), registered(c, 1, anchor.own), unsigned()],
        [b.id]: withKey(b, { ...c, own: anchor.own }),
      },
    ],
    [
      'whose confirmer is an anchor of which nobody has shown that he holds it',
      {
        [anchor.id]: [
          ...inOffice(anchor),
          { type: 'ApprovalKeyRegistered', data: { nth: 1, publicKey: anchor.own.publicKey, proof: 'AAAA' } },
          unsigned(),
        ],
        [b.id]: withKey(b, anchor),
      },
    ],
    ['whose confirmer nobody appointed', { [b.id]: withKey(b, office(99, 'securityOfficer')) }],
    [
      'that was replaced, its old confirmation given again',
      {
        [b.id]: [
          ...[...withKey(b, anchor), registered(b, 2, again), confirmed(b, anchor, { nth: 2, own: again })],
          ...[registered(b), confirmed(b, anchor)],
        ],
      },
    ],
    [
      'that was replaced, its appointment written anew with it',
      {
        [b.id]: [
          ...[...withKey(b, anchor), registered(b, 2, again), confirmed(b, anchor, { nth: 2, own: again })],
          ...withKey(b, anchor),
        ],
      },
    ],
    [
      'that was replaced by one whose confirmer’s appointment was written over',
      {
        [second.id]: [...byAnchor, ...inOffice({ ...second, role: 'caOfficer' })],
        [b.id]: [
          ...[...withKey(b, anchor), registered(b, 2, again), confirmed(b, second, { nth: 2, own: again })],
          ...[registered(b), confirmed(b, anchor)],
        ],
      },
    ],
    [
      'of an appointment that was written anew for somebody else',
      {
        [b.id]: [
          ...withKey({ ...b, person: c.person }, anchor),
          ...inOffice(b),
          registered(b),
          confirmed({ ...b, person: c.person }, anchor),
        ],
      },
    ],
  ]
  it.each(forged)('CGU-46: not one %s: neither at giving nor at execution', async (_, offices) => {
    expect(await outcomes(offices)).toEqual(countsNot)
  })

  it('CGU-46: not one of two that have confirmed each other over and over: each signature is verified once', () => {
    const times = Array.from({ length: 40 }, (_, i) => i + 1)
    const each = (who: Office, by: Office) =>
      [
        ...inOffice(who),
        ...times.flatMap((nth) => [registered(who, nth), confirmed(who, by, { nth })]),
      ].reduce(appointment.evolve, appointment.initial)
    const circle = new Map([
      [third.id, each(third, second)],
      [second.id, each(second, third)],
    ])
    expect(keyCounts({ policy, appointed: circle }, second.id)).toBe(false)
  })

  it('CGU-46: one that is registered after others were written beside it counts once it is confirmed', async () => {
    const [again, last] = [officerKey(), officerKey()]
    const events = [
      ...[...withKey(b, anchor), registered(b, 2, again), confirmed(b, anchor, { nth: 2, own: again })],
      ...[registered(b, 1, other), unsigned()],
    ]
    const proof = last.sign(keyStatement(policy, b.id, last.keySha256))
    const data = { appointment: b.id, publicKey: last.publicKey, proof }
    await given(...appointed(usual, { [b.id]: events }))
      .when(registerApprovalKey(policy), data, officerB)
      .then([{ type: 'ApprovalKeyRegistered', data: { nth: 3 } }])
    const renewed = { ...b, own: last }
    const offices = { [b.id]: [...events, registered(renewed, 3), confirmed(renewed, anchor, { nth: 3 })] }
    const [giving] = await outcomes(offices)
    expect(giving).toBe('CGU-46 APPROVAL_SIGNATURE_INVALID')
    const standing = given(kept, ...appointed(usual, offices), on(recovery, Q, f.asked()))
    expect(await standing.when(approveRecovery(policy), approval(renewed), officerB).outcome()).toBe(
      'RecoveryApproved',
    )
  })

  it('CGU-46: not one whose anchor the policy names no more', async () => {
    expect(await outcomes({ [b.id]: withKey(b, second) }, withAnchors(other))).toEqual(countsNot)
  })

  it('CGU-46: without an anchor in the policy unsigned confirmations are enough, and signed ones verified', async () => {
    const alone = [...inOffice(b), registered(b), unsigned()]
    expect(await outcomes({ [b.id]: alone }, signing)).toEqual(counts)
    expect(await outcomes({ [b.id]: withKey(b, second) }, signing)).toEqual(counts)
    expect(await outcomes({ [b.id]: withKey(b, anchor, { signer: other }) }, signing)).toEqual(countsNot)
  })

  it('CGU-46: what an officer has signed is told to be by a key that does not count, before he signs', async () => {
    const offices = { [b.id]: [...inOffice(b), registered(b), unsigned()] }
    const { recovery: _, statement, appointment: own } = approval(b) as Required<ApproveRecovery['data']>
    const given_ = given(kept, ...appointed(usual, offices), on(recovery, Q, f.asked()))
    const data = { recovery: Q, statement, appointment: own }
    expect(await given_.when(approveRecovery(policy), data, officerB).outcome()).toBe(
      'CGU-46 APPROVAL_KEY_UNANCHORED',
    )
  })
})

describe('the confirmation of a key', () => {
  const waits: Offices = { [b.id]: [...inOffice(b), registered(b)] }
  const by = (who: Office) => actor(who.role, Number(who.person.slice(-3)))
  const confirming = (
    data: Omit<ConfirmApprovalKey['data'], 'appointment' | 'others'>,
    {
      offices = waits,
      who = anchor,
      rules = policy,
    }: { offices?: Offices; who?: Office; rules?: Policy } = {},
  ) => {
    const order = { appointment: b.id, others: [c.id], ...data }
    return given(...appointed(usual, offices)).when(confirmApprovalKey(rules), order, by(who))
  }
  const signed = (who = anchor, how: Confirming = {}) => {
    const { confirmerKey: _, ...given_ } = signedFor(b, who, how)
    return { keySha256: (how.own ?? b.own).keySha256, ...given_ }
  }

  it('CGU-46: is kept with its signature, by which it is verified for ever', async () => {
    const data = signed()
    await confirming(data).then([
      {
        type: 'ApprovalKeyConfirmed',
        data: {
          ...{ nth: 1, confirmer: anchor.person, confirmerAppointment: anchor.id },
          ...{ confirmerKey: anchor.own.keySha256, signature: data.signature },
        },
      },
    ])
    const text = confirmationStatement(
      policy,
      { appointment: b.id, person: b.person, role: b.role, nth: 1, keySha256: b.own.keySha256 },
      { appointment: anchor.id, keySha256: anchor.own.keySha256 },
    )
    expect(canonical(JSON.parse(text))).toBe(text)
    // It approves nothing, and shows no possession.
    expect(termsOf(text)).toBeUndefined()
    expect(text).not.toBe(keyStatement(policy, b.id, b.own.keySha256))
  })

  const { signature: _, ...noSignature } = signed()
  const { confirmerAppointment: __, ...noOffice } = signed()
  const unsignedSecond = { [second.id]: [...inOffice(second), registered(second), unsigned()] }
  const self = { ...office(6, 'securityOfficer'), id: uuid(660) }
  const cases: readonly (readonly [string, Parameters<typeof confirming>, string])[] = [
    ['that is not signed', [{ keySha256: b.own.keySha256 }], 'CGU-46 APPROVAL_KEY_CONFIRMATION_UNSIGNED'],
    ['that names who signs, and is not signed', [noSignature], 'CGU-46 APPROVAL_KEY_CONFIRMATION_UNSIGNED'],
    ['that names no appointment', [noOffice], 'CGU-46 APPROVAL_KEY_UNKNOWN'],
    [
      'signed by another’s key',
      [signed(anchor, { signer: other })],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'with no signature at all',
      [{ ...signed(), signature: '' }],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'signed for another appointment',
      [signed(anchor, { about: { appointment: c.id } })],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'signed for another fingerprint',
      [signed(anchor, { about: { keySha256: other.keySha256 } })],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'signed for another person',
      [signed(anchor, { about: { person: c.person } })],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'signed for another ledger',
      [signed(anchor, { place: { log: 'autre.example/registre/1' } })],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    ['by another’s appointment', [signed(second)], 'CGU-46 APPROVAL_KEY_UNKNOWN'],
    [
      'by a key that does not chain to an anchor',
      [signed(second), { who: second, offices: { ...waits, ...unsignedSecond } }],
      'CGU-46 APPROVAL_KEY_UNANCHORED',
    ],
    [
      'by a key that nobody has confirmed',
      [
        signed(second),
        { who: second, offices: { ...waits, [second.id]: [...inOffice(second), registered(second)] } },
      ],
      'CGU-46 APPROVAL_KEY_UNKNOWN',
    ],
    [
      'by a key that was replaced',
      [
        signed(second),
        {
          who: second,
          offices: {
            ...waits,
            [second.id]: [
              ...byAnchor,
              registered(second, 2, other),
              confirmed(second, anchor, { nth: 2, own: other }),
            ],
          },
        },
      ],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
    [
      'by one who has left',
      [signed(second), { who: second, offices: { ...waits, [second.id]: [...byAnchor, f.ended] } }],
      'CGU-46 APPROVAL_KEY_UNKNOWN',
    ],
    [
      'by oneself',
      [signed(self), { who: self, offices: { ...waits, [self.id]: withKey(self, anchor) } }],
      'CGU-04 SELF_APPROVAL',
    ],
    ['by one who is not a security officer', [signed(c), { who: c }], 'CGU-06 ROLE_NOT_HELD'],
    [
      'by the appointment of one who is not a security officer',
      [signed(c), { who: { ...c, role: 'securityOfficer' } }],
      'CGU-46 APPROVAL_KEY_UNKNOWN',
    ],
    [
      'by an anchor that the policy names no more',
      [signed(), { rules: withAnchors(other) }],
      'CGU-46 APPROVAL_KEY_UNANCHORED',
    ],
    [
      'signed by the wrong key, where it need not be signed',
      [signed(anchor, { signer: other }), { rules: signing }],
      'CGU-46 APPROVAL_KEY_CONFIRMATION_UNVERIFIED',
    ],
  ]
  it.each(cases)('CGU-46: one %s is refused, and changes nothing', async (_, asked, code) => {
    expect(await confirming(...asked).outcome()).toBe(code)
  })

  const unsignedB = { [b.id]: [...inOffice(b), registered(b), unsigned()] }
  const accepted: readonly (readonly [string, Parameters<typeof confirming>, string])[] = [
    ['by one whom the anchor confirmed', [signed(second), { who: second }], 'ApprovalKeyConfirmed'],
    ['of a key that was confirmed unsigned', [signed(), { offices: unsignedB }], 'ApprovalKeyConfirmed'],
    [
      'of a key whose anchor the policy names no more',
      [
        signed(second),
        {
          who: second,
          offices: {
            [b.id]: withKey(b, anchor),
            [second.id]: [...inOffice(second), registered(second), unsigned()],
          },
          rules: withAnchors(second.own),
        },
      ],
      'ApprovalKeyConfirmed',
    ],
    ['of a key that counts', [signed(), { offices: { [b.id]: withKey(b, second) } }], 'nothing'],
    [
      'unsigned, where the policy names no anchor',
      [{ keySha256: b.own.keySha256 }, { rules: signing }],
      'ApprovalKeyConfirmed',
    ],
    ['signed, where the policy names no anchor', [signed(), { rules: signing }], 'ApprovalKeyConfirmed'],
  ]
  it.each(accepted)('CGU-46: one %s', async (_, asked, outcome) => {
    expect(await confirming(...asked).outcome()).toBe(outcome)
  })

  it('CGU-46: of an anchor may be unsigned, and of no other key of that officer', async () => {
    const confirmingOf = (own: OfficerKey, proof = own) => {
      const shown = proof.sign(keyStatement(policy, anchor.id, own.keySha256))
      const offered: AppointmentEvent = {
        type: 'ApprovalKeyRegistered',
        data: { nth: 1, publicKey: own.publicKey, proof: shown },
      }
      return given(on(appointment, anchor.id, ...inOffice(anchor), offered))
        .when(confirmApprovalKey(policy), { appointment: anchor.id, keySha256: own.keySha256 }, by(second))
        .outcome()
    }
    expect(await confirmingOf(anchor.own)).toBe('ApprovalKeyConfirmed')
    expect(await confirmingOf(other)).toBe('CGU-46 APPROVAL_KEY_CONFIRMATION_UNSIGNED')
    expect(await confirmingOf(anchor.own, other)).toBe('CGU-46 APPROVAL_KEY_CONFIRMATION_UNSIGNED')
  })
})

describe('a destruction', () => {
  const [D, units] = [uuid(800), [`reg/${f.R}`]]
  const ca = office(61, 'caOfficer')
  const proposal: readonly DestructionEvent[] = [
    {
      type: 'DestructionProposed',
      data: { class: 'reg', cause: 'termEnded', units, latestDue: morning, proposer: uuid(60) },
    },
    {
      type: 'EliminationVisaRecorded',
      data: { visaSha256: f.digest, grantedOn: '2026-03-01', reference: 'bordereau 12' },
    },
  ]
  const run = proposal.reduce(destruction.evolve, destruction.initial) as Run
  const approvalOf = ({ id, own }: Office) => {
    const terms = { keySha256: own.keySha256, reason: 'Liste vue.', expiresAt: inAnHour, nonce }
    const signedStatement = destructionStatement(policy, { id: D, run }, terms)!
    const signature = own.sign(signedStatement)
    const listSha256 = listDigest({ units })
    return {
      destruction: D,
      listSha256,
      statement: 'Liste vue.',
      signedStatement,
      signature,
      appointment: id,
    }
  }
  const recordedOf = (who: Office): DestructionEvent => {
    const { destruction: _, ...data } = approvalOf(who)
    return { type: 'DestructionApproved', data: { ...data, nth: 1, approver: who.person } }
  }

  it.each([
    ['confirmed by a signature', withKey(ca, second), 'DestructionApproved', 'DestructionStarted'],
    [
      'that the ledger alone says was confirmed',
      [...inOffice(ca), registered(ca), unsigned()],
      ...['CGU-116 APPROVAL_KEY_UNANCHORED', 'CGU-06 SECOND_PERSON_REQUIRED'],
    ],
  ] as const)(
    'CGU-116: is approved by keys as a recovery is: one %s',
    async (_, events, approved, started) => {
      const officers = appointed(usual, { [ca.id]: events })
      const giving = given(...officers, on(destruction, D, ...proposal)).when(
        ...([approveDestruction(policy), approvalOf(ca), actor('caOfficer', 61)] as const),
      )
      expect(await giving.outcome()).toBe(approved)
      const both = [recordedOf(ca), recordedOf(second)]
      const starting = given(...officers, on(destruction, D, ...proposal, ...both)).when(
        ...([startDestruction(policy), { destruction: D, held: [] }, program] as const),
      )
      expect(await starting.outcome()).toBe(started)
    },
  )
})
