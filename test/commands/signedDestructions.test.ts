// Dual control of destructions: an approval is an officer's own signature over the list, verified when it is given and when the act begins.
import { describe, expect, it } from 'vitest'
import { registerApprovalKey } from '../../commands/approvalKeys.ts'
import { destructionStatement, keyStatement, listDigest, termsOf } from '../../commands/approvalStatement.ts'
import { approveDestruction, startDestruction, type ApproveDestruction } from '../../commands/destructions.ts'
import { appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import { destruction, type DestructionEvent, type Run } from '../../domain/destruction.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import type { Role } from '../../domain/lists.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import { officerKey, type OfficerKey } from '../support/officerKeys.ts'
import * as f from './facts.ts'

const { signing: policy, program } = f
const D = uuid(800)
const [ca, so, proposer] = [actor('caOfficer', 61), actor('securityOfficer', 62), actor('caOfficer', 60)]
const [A, B, C, P, R] = [uuid(661), uuid(662), uuid(663), uuid(660), uuid(664)]
const [keyA, keyB, keyP] = [officerKey(), officerKey('p384'), officerKey()]
const inAnHour = addSeconds(morning, 3600)

const inOffice = (role: Role, person: number, own: OfficerKey): readonly AppointmentEvent[] => [
  f.proposed({ role, entity: undefined, powers: [], person: uuid(person) }),
  ...[f.checked, f.undertaken],
  { type: 'ApprovalKeyRegistered', data: { nth: 1, publicKey: own.publicKey, proof: 'AAAA' } },
  { type: 'ApprovalKeyConfirmed', data: { nth: 1, confirmer: uuid(11) } },
]
const officers = [
  on(appointment, A, ...inOffice('caOfficer', 61, keyA)),
  on(appointment, B, ...inOffice('securityOfficer', 62, keyB)),
  // His key is the one of another: he counts for nobody.
  on(appointment, C, ...inOffice('caOfficer', 63, keyA)),
  on(appointment, P, ...inOffice('caOfficer', 60, keyP)),
  on(appointment, R, ...inOffice('recoveryOfficer', 61, keyA)),
]

const units = [`reg/${f.R}`, `reg/${uuid(99)}`]
const proposal = (more: object = {}): DestructionEvent => ({
  type: 'DestructionProposed',
  data: {
    ...{ class: 'reg', cause: 'termEnded', units, latestDue: morning, proposer: proposer.person },
    ...more,
  },
})
const visa = (visaSha256 = f.digest): DestructionEvent => ({
  type: 'EliminationVisaRecorded',
  data: { visaSha256, grantedOn: '2026-03-01', reference: 'bordereau 12' },
})
const runOf = (...events: readonly DestructionEvent[]): Run =>
  events.reduce(destruction.evolve, destruction.initial) as Run

type Signing = Readonly<{
  by?: OfficerKey
  named?: OfficerKey
  id?: string
  run?: Run
  expiresAt?: string
  reason?: string
}>
const nonce = '0123456789abcdef0123456789abcdef'
const textOf = ({
  by = keyA,
  named = by,
  id = D,
  run = runOf(proposal(), visa()),
  ...more
}: Signing): string =>
  destructionStatement(
    policy,
    { id, run },
    { keySha256: named.keySha256, reason: 'Liste vue.', expiresAt: inAnHour, nonce, ...more },
  )!
const signed = (how: Signing = {}, office = A): ApproveDestruction['data'] => {
  const signedStatement = textOf(how)
  return {
    ...{ destruction: D, listSha256: listDigest({ units }), statement: 'Liste vue.', signedStatement },
    ...{ signature: (how.by ?? keyA).sign(signedStatement), appointment: office },
  }
}
const approving = (
  data: ApproveDestruction['data'],
  by = ca,
  before: readonly DestructionEvent[] = [proposal(), visa()],
) => given(...officers, on(destruction, D, ...before)).when(approveDestruction(policy), data, by)

describe('an approval of a destruction', () => {
  it('CGU-116: is kept with its reason, what was signed, the signature and its end', async () => {
    const data = signed()
    await approving(data).then([
      {
        type: 'DestructionApproved',
        data: {
          ...{ nth: 1, listSha256: listDigest({ units }), approver: ca.person, statement: 'Liste vue.' },
          ...{ expiresAt: inAnHour, signedStatement: data.signedStatement, signature: data.signature },
          appointment: A,
        },
      },
    ])
    expect(JSON.parse(data.signedStatement!)).toMatchObject({
      ...{ destruction: D, form: 'grand-livre/destruction-approval/1', reason: 'Liste vue.' },
      scope: { class: 'reg', units: 2, listSha256: listDigest({ units }) },
      ground: { cause: 'termEnded', visaSha256: f.digest },
    })
  })

  const { signature: _, ...noSignature } = signed()
  const { appointment: __, ...noOffice } = signed()
  const later = addSeconds(morning, policy.escrow.approvalHours * 3600 + 1)
  const other = 'e'.repeat(64)
  it.each([
    [
      'that is not signed',
      { destruction: D, listSha256: listDigest({ units }), statement: 'Vu.', appointment: A },
      'APPROVAL_NOT_SIGNED',
    ],
    ['without its signature', noSignature, 'APPROVAL_MALFORMED'],
    ['that names no appointment', noOffice, 'APPROVAL_KEY_UNKNOWN'],
    ['that names another’s appointment', signed({}, B), 'APPROVAL_KEY_UNKNOWN'],
    ['by an appointment for recoveries', signed({}, R), 'APPROVAL_KEY_UNKNOWN'],
    ['by another officer’s key', signed({ by: keyB }), 'APPROVAL_SIGNATURE_INVALID'],
    ['by another’s key, in his name', signed({ by: keyB, named: keyA }), 'APPROVAL_SIGNATURE_INVALID'],
    ['for another run', signed({ id: uuid(801) }), 'APPROVAL_OF_ANOTHER_REQUEST'],
    [
      'for another list',
      signed({ run: runOf(proposal({ units: [units[1]] }), visa()) }),
      'APPROVAL_OF_ANOTHER_REQUEST',
    ],
    ['under another visa', signed({ run: runOf(proposal(), visa(other)) }), 'APPROVAL_OF_ANOTHER_REQUEST'],
    ['that has expired', signed({ expiresAt: morning }), 'APPROVAL_EXPIRED'],
    ['that lasts too long', signed({ expiresAt: later }), 'APPROVAL_MALFORMED'],
    ['with another reason', { ...signed(), statement: 'Sans motif.' }, 'APPROVAL_MALFORMED'],
    ['of a text that is no approval', { ...signed(), signedStatement: 'oui' }, 'APPROVAL_MALFORMED'],
  ] as const)('CGU-116: one %s is refused', async (...[, data, code]) => {
    expect(await approving(data).outcome()).toBe(`CGU-116 ${code}`)
  })

  it('CGU-04: who proposed it does not approve it, whatever he signs', async () => {
    expect(await approving(signed({ by: keyP }, P), proposer).outcome()).toBe('CGU-04 SELF_APPROVAL')
  })

  it('CGU-46, CGU-116: a text that approves a recovery approves no destruction', () => {
    const text = textOf({}).replace('destruction-approval', 'recovery-approval')
    expect(termsOf(text)).toBeDefined()
    const data = { ...signed(), signedStatement: text, signature: keyA.sign(text) }
    return expect(approving(data).outcome()).resolves.toBe('CGU-116 APPROVAL_OF_ANOTHER_REQUEST')
  })
})

describe('the act', () => {
  const approvedBy = (person: number, how: Signing, office: string): DestructionEvent => {
    const { destruction: _, ...data } = signed(how, office)
    return { type: 'DestructionApproved', data: { ...data, nth: 1, approver: uuid(person) } }
  }
  const byCa = approvedBy(61, {}, A)
  const bySo = approvedBy(62, { by: keyB }, B)
  const said = (person: number): DestructionEvent => ({
    type: 'DestructionApproved',
    data: { nth: 1, listSha256: listDigest({ units }), approver: uuid(person) },
  })
  const starting = (...approvals: readonly DestructionEvent[]) =>
    given(...officers, on(destruction, D, proposal(), visa(), ...approvals)).when(
      startDestruction(policy),
      { destruction: D, held: [] },
      program,
    )

  it('CGU-116: begins by two signatures, and keeps whose they are', async () => {
    await starting(byCa, said(63), bySo).then([
      { type: 'DestructionStarted', data: { operators: [ca.person, so.person] } },
    ])
  })

  it.each([
    ['one', [byCa]],
    ['one that is signed, and one that somebody wrote', [byCa, said(62)]],
    ['two by one key', [byCa, approvedBy(63, {}, C)]],
    ['two of one person', [byCa, byCa]],
    ['one that is over by now', [byCa, approvedBy(62, { by: keyB, expiresAt: morning }, B)]],
    ['one in another’s name', [byCa, approvedBy(62, {}, A)]],
    ['one of the proposer', [byCa, approvedBy(60, { by: keyP }, P)]],
    ['one for another run', [byCa, approvedBy(62, { by: keyB, id: uuid(801) }, B)]],
  ] as const)('CGU-06, CGU-116: does not begin by %s', async (...[, approvals]) => {
    expect(await starting(...approvals).outcome()).toBe('CGU-06 SECOND_PERSON_REQUIRED')
  })

  it('CGU-116: an officer whose approval is over gives it anew', async () => {
    const over = approvedBy(61, { expiresAt: morning }, A)
    expect(await approving(signed(), ca, [proposal(), visa(), over]).outcome()).toBe('DestructionApproved')
    expect(await approving(signed(), ca, [proposal(), visa(), byCa]).outcome()).toBe(
      'CGU-116 APPROVER_ALREADY_COUNTED',
    )
  })
})

describe('the key', () => {
  it.each([
    ['caOfficer', ca, A],
    ['securityOfficer', so, B],
  ] as const)(
    'CGU-46, CGU-116: of one who is %s is registered as a recovery officer’s is',
    async (role, by, office) => {
      const own = officerKey()
      const proof = own.sign(keyStatement(policy, office, own.keySha256))
      const before = [
        f.proposed({ role, entity: undefined, powers: [], person: by.person }),
        ...[f.checked, f.undertaken],
      ]
      const data = { appointment: office, publicKey: own.publicKey, proof }
      const when = given(on(appointment, office, ...before)).when(registerApprovalKey(policy), data, by)
      expect(await when.outcome()).toBe('ApprovalKeyRegistered')
    },
  )

  it('CGU-46: one who approves nothing registers none', async () => {
    const [own, raOfficer] = [officerKey(), actor('raOfficer', 65)]
    const before = [
      f.proposed({ role: 'raOfficer', entity: undefined, powers: [], person: raOfficer.person }),
      ...[f.checked, f.undertaken],
    ]
    const data = { appointment: uuid(665), publicKey: own.publicKey, proof: own.sign('x') }
    const when = given(on(appointment, uuid(665), ...before)).when(
      registerApprovalKey(policy),
      data,
      raOfficer,
    )
    expect(await when.outcome()).toBe('CGU-06 ROLE_NOT_HELD')
  })
})
