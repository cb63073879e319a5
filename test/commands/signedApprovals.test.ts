// Dual control that is real: an approval is an officer's own signature over all that was asked, verified whenever it is counted.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { approveRecovery, type ApproveRecovery } from '../../commands/approveRecovery.ts'
import { approversAt } from '../../commands/approvals.ts'
import { approvalStatement, keyStatement, termsOf } from '../../commands/approvalStatement.ts'
import { registerApprovalKey } from '../../commands/approvalKeys.ts'
import { confirmApprovalKey } from '../../commands/confirmApprovalKey.ts'
import { executeRecovery } from '../../commands/executeRecovery.ts'
import { sha256 } from '../../commands/issuing.ts'
import { startKeyRecovery } from '../../commands/keys.ts'
import { appointment, type AppointmentEvent } from '../../domain/appointment.ts'
import { key } from '../../domain/key.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { parsePolicy } from '../../domain/policy/policy.ts'
import { recovery, type RecoveryEvent, type RecoveryFile } from '../../domain/recovery.ts'
import { canonical } from '../../ledger/canonical.ts'
import { approvalKeyFrom } from '../../pki/approvalSignature.ts'
import { uuid } from '../ledger/filled.ts'
import { openSibling } from '../pki/sibling.ts'
import { actor, given, morning, on } from '../support/given.ts'
import { officerKey, type OfficerKey } from '../support/officerKeys.ts'
import * as f from './facts.ts'

const { K, Q, signing: policy, officerB, officerC, program } = f
const security = actor('securityOfficer', 11)
const inAnHour = addSeconds(morning, 3600)
const [keyB, keyC, keyD] = [officerKey(), officerKey('p384'), officerKey('rsa2048')]
const [keyA, otherC] = [officerKey(), officerKey()]
const [A, B, C, D, C2] = [uuid(605), uuid(606), uuid(607), uuid(609), uuid(617)]
const officerD = actor('recoveryOfficer', 9)

const registered = ({ publicKey }: OfficerKey, nth = 1): AppointmentEvent => ({
  type: 'ApprovalKeyRegistered',
  data: { nth, publicKey, proof: 'AAAA' },
})
const confirmed = (nth = 1): AppointmentEvent => ({
  type: 'ApprovalKeyConfirmed',
  data: { nth, confirmer: security.person },
})
const inOffice = (person: number, more: object = {}): readonly AppointmentEvent[] => [
  f.proposed({ role: 'recoveryOfficer', entity: undefined, powers: [], person: uuid(person), ...more }),
  f.checked,
  f.undertaken,
]
const withKey = (person: number, own: OfficerKey): readonly AppointmentEvent[] => [
  ...inOffice(person),
  registered(own),
  confirmed(),
]
const kept = on(key, K, f.bound, f.escrowed)
const officers = [
  on(appointment, A, ...withKey(5, keyA)),
  // A person who holds two appointments, with a key on each, is one person.
  on(appointment, C2, ...withKey(7, otherC)),
  on(appointment, B, ...withKey(6, keyB)),
  on(appointment, C, ...withKey(7, keyC)),
  on(appointment, D, ...withKey(9, keyD)),
]

const fileOf = (asked: RecoveryEvent): RecoveryFile =>
  recovery.evolve(recovery.initial, asked) as RecoveryFile

type Signing = Readonly<{
  by?: OfficerKey
  named?: OfficerKey
  asked?: RecoveryEvent
  id?: string
  reason?: string
  expiresAt?: string
}>
const nonce = '0123456789abcdef0123456789abcdef'
const statementOf = ({ by = keyB, named = by, asked = f.asked(), id = Q, ...more }: Signing): string =>
  approvalStatement(
    policy,
    { id, file: fileOf(asked) },
    { keySha256: named.keySha256, reason: 'Pièces vues.', expiresAt: inAnHour, nonce, ...more },
  )!
const signed = (how: Signing = {}, office = B): ApproveRecovery['data'] => {
  const signedStatement = statementOf(how)
  const signature = (how.by ?? keyB).sign(signedStatement)
  return { recovery: Q, statement: 'Pièces vues.', signedStatement, signature, appointment: office }
}

const approving = (data: ApproveRecovery['data'], by = officerB, more: readonly RecoveryEvent[] = []) =>
  given(kept, ...officers, on(recovery, Q, f.asked(), ...more)).when(approveRecovery(policy), data, by)

describe('an approval that has to be signed', () => {
  it.each([
    ['P-256', officerB, signed()],
    ['P-384', officerC, signed({ by: keyC }, C)],
    ['RSA of 2048 bits', officerD, signed({ by: keyD }, D)],
  ])('CGU-46: by a key %s counts', async (_, by, data) => {
    expect(await approving(data, by).outcome()).toBe('RecoveryApproved')
  })

  const { signature: _, ...noSignature } = signed()
  const { signedStatement: __, ...noStatement } = signed()
  const { appointment: ___, ...noOffice } = signed()
  const later = addSeconds(morning, policy.escrow.approvalHours * 3600)
  it.each([
    ['that is not signed', { recovery: Q, statement: 'vu', appointment: B }, 'APPROVAL_NOT_SIGNED'],
    ['by an officer whom nobody appointed', { recovery: Q, statement: 'vu' }, 'APPROVAL_KEY_UNKNOWN'],
    ['without its signature', noSignature, 'APPROVAL_MALFORMED'],
    ['without what was signed', noStatement, 'APPROVAL_MALFORMED'],
    ['that names no appointment', noOffice, 'APPROVAL_KEY_UNKNOWN'],
    ['that names another’s appointment', signed({}, C), 'APPROVAL_KEY_UNKNOWN'],
    ['that names an appointment that is none', signed({}, uuid(999)), 'APPROVAL_KEY_UNKNOWN'],
    ['by another officer’s key', signed({ by: keyC }), 'APPROVAL_SIGNATURE_INVALID'],
    ['by another’s key, in his name', signed({ by: keyC, named: keyB }), 'APPROVAL_SIGNATURE_INVALID'],
    ['by his key, in another’s name', signed({ named: keyC }), 'APPROVAL_SIGNATURE_INVALID'],
    ['with no signature at all', { ...signed(), signature: '' }, 'APPROVAL_SIGNATURE_INVALID'],
    ['for another request', signed({ id: uuid(51) }), 'APPROVAL_OF_ANOTHER_REQUEST'],
    [
      'for another recipient',
      signed({ asked: f.asked({ recipient: uuid(70) }) }),
      'APPROVAL_OF_ANOTHER_REQUEST',
    ],
    [
      'for another certificate of the recipient',
      signed({ asked: f.asked({ recipientCertificate: 'AAAA', output: 'cms' }) }),
      'APPROVAL_OF_ANOTHER_REQUEST',
    ],
    [
      'on another ground',
      signed({ asked: f.asked({ ground: 'unavailability' }) }),
      'APPROVAL_OF_ANOTHER_REQUEST',
    ],
    [
      'on other evidence',
      signed({ asked: f.asked({ evidence: 'autre pièce' }) }),
      'APPROVAL_OF_ANOTHER_REQUEST',
    ],
    ['for another key', signed({ asked: f.asked({ key: f.K2 }) }), 'APPROVAL_OF_ANOTHER_REQUEST'],
    ['that has expired', signed({ expiresAt: morning }), 'APPROVAL_EXPIRED'],
    ['that lasts too long', signed({ expiresAt: addSeconds(later, 1) }), 'APPROVAL_MALFORMED'],
    ['with another reason', { ...signed(), statement: 'Sans motif.' }, 'APPROVAL_MALFORMED'],
    ['of a text that is no approval', { ...signed(), signedStatement: 'oui' }, 'APPROVAL_MALFORMED'],
    ['of a list', { ...signed(), signedStatement: '[]' }, 'APPROVAL_MALFORMED'],
    ['not in its one form', { ...signed(), signedStatement: ` ${statementOf({})}` }, 'APPROVAL_MALFORMED'],
  ])('CGU-46: one %s is refused', async (...[, data, code]) => {
    expect(await approving(data).outcome()).toBe(`CGU-46 ${code}`)
  })

  it('CGU-46: may last as long as the policy lets it', async () => {
    await approving(signed({ expiresAt: later })).then([
      { type: 'RecoveryApproved', data: { expiresAt: later } },
    ])
  })

  it('CGU-46: a signed text of other environments or ledgers is for nothing here', async () => {
    for (const other of [{ environment: 'production' as const }, { log: 'autre.example/registre/1' }]) {
      const terms = termsOf(statementOf({}))!
      const signedStatement = approvalStatement(
        { ...policy, ...other },
        { id: Q, file: fileOf(f.asked()) },
        terms,
      )!
      const data = { ...signed(), signedStatement, signature: keyB.sign(signedStatement) }
      expect(await approving(data).outcome()).toBe('CGU-46 APPROVAL_OF_ANOTHER_REQUEST')
    }
  })

  it.each([
    ['not yet confirmed', [...inOffice(6), registered(keyB)]],
    ['never registered', inOffice(6)],
    ['of an appointment that has ended', [...withKey(6, keyB), f.ended]],
    [
      'of an appointment that is over',
      [...inOffice(6, { untilOn: '2026-03-01' }), registered(keyB), confirmed()],
    ],
    ['replaced by another one', [...withKey(6, keyB), registered(keyC, 2), confirmed(2)]],
  ])('CGU-46: a key %s approves nothing', async (_, events) => {
    const when = given(kept, on(appointment, B, ...events), on(recovery, Q, f.asked()))
    const outcome = await when.when(approveRecovery(policy), signed(), officerB).outcome()
    expect(outcome).toMatch(/^CGU-46 APPROVAL_(KEY_UNKNOWN|SIGNATURE_INVALID)$/)
  })

  it('CGU-46: until another key is confirmed the one before serves', async () => {
    const when = given(
      ...[kept, on(recovery, Q, f.asked())],
      on(appointment, B, ...withKey(6, keyB), registered(keyC, 2)),
    )
    expect(await when.when(approveRecovery(policy), signed(), officerB).outcome()).toBe('RecoveryApproved')
  })

  it('CGU-04: the requester is excluded, whatever he signs', async () => {
    for (const person of [1, 5, 8]) {
      const facts = [kept, on(appointment, B, ...withKey(person, keyB)), on(recovery, Q, f.asked())]
      const by = actor('recoveryOfficer', person)
      expect(
        await given(...facts)
          .when(approveRecovery(policy), signed(), by)
          .outcome(),
      ).toBe('CGU-04 SELF_APPROVAL')
    }
  })

  it('CGU-46: no octet of what was signed, or of the signature, can be another one', async () => {
    const data = signed()
    const about = (given_: ApproveRecovery['data']) =>
      approveRecovery(policy).decide(
        { type: 'ApproveRecovery', id: uuid(99), by: officerB, at: morning, data: given_ },
        fileOf(f.asked()),
        {
          held: [f.bound, f.escrowed].reduce(key.evolve, key.initial),
          appointed: new Map([[B, withKey(6, keyB).reduce(appointment.evolve, appointment.initial)]]),
        },
      )
    expect(about(data)).toHaveProperty('accepted')
    const text = Buffer.from(data.signedStatement!, 'utf8')
    const octets = Buffer.from(data.signature!, 'base64')
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 255 }), (inText, where, flip) => {
        const changed = Buffer.from(inText ? text : octets)
        changed[where % changed.length]! ^= flip
        const more = inText
          ? { signedStatement: changed.toString('utf8') }
          : { signature: changed.toString('base64') }
        expect(about({ ...data, ...more })).toHaveProperty('refused')
      }),
      { seed: 46, numRuns: 400 },
    )
  })

  const directory = mkdtempSync(join(tmpdir(), 'grand-livre-approval-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it('CGU-46: OpenSSL verifies what the event keeps, and it says reason, ground, scope and end', async () => {
    for (const [by, own, office] of [
      [officerB, keyB, B],
      [officerD, keyD, D],
    ] as const) {
      let stored: Readonly<Record<string, unknown>> = {}
      const data = signed({ by: own }, office)
      await approving(data, by).then([
        { type: 'RecoveryApproved', data: { approver: by.person, statement: 'Pièces vues.' } },
      ])
      stored = data
      const [text, signature, pem] = ['text', 'signature', 'key.pem'].map((name) => join(directory, name))
      writeFileSync(text!, String(stored['signedStatement']))
      writeFileSync(signature!, Buffer.from(String(stored['signature']), 'base64'))
      writeFileSync(pem!, own.pem)
      const said = execFileSync('openssl', [
        'dgst',
        '-sha256',
        '-verify',
        pem!,
        '-signature',
        signature!,
        text!,
      ])
      expect(said.toString()).toContain('Verified OK')
      expect(JSON.parse(String(stored['signedStatement']))).toMatchObject({
        ...{ recovery: Q, reason: 'Pièces vues.', expiresAt: inAnHour, log: policy.log },
        ...{ asked: { ground: 'judicial', requesterRole: 'legalRepresentative', requester: uuid(8) } },
        scope: { serial: f.S, spkiSha256: K, output: 'pkcs12', recipient: uuid(8) },
      })
    }
  })

  it('CGU-46: the digest of what was signed is public, and what was signed is sealed', () =>
    approving(signed()).then([
      {
        type: 'RecoveryApproved',
        data: {
          statementSha256: sha256(statementOf({})),
          signedStatement: statementOf({}),
          appointment: B,
        },
      },
    ]))
})

/** An approval as it stands in the ledger, however it came there. */
const recorded = (
  person: number,
  { office = B, expiresAt = inAnHour, ...how }: Signing & { office?: string } = {},
  more: object = {},
): RecoveryEvent => {
  const { signedStatement = '', signature = '' } = signed({ ...how, expiresAt }, office)
  return {
    type: 'RecoveryApproved',
    data: {
      ...{ nth: 1, statementSha256: f.digest, expiresAt, approver: uuid(person), statement: 'Pièces vues.' },
      ...{ signedStatement, signature, appointment: office, ...more },
    },
  }
}
const byB = recorded(6)
const byC = recorded(7, { by: keyC, office: C })

describe('approvals that stand in the ledger', () => {
  const forged = { signature: keyD.sign(statementOf({})) }
  const cases: readonly (readonly [string, readonly RecoveryEvent[], boolean])[] = [
    ['two, each signed by its officer', [byB, byC], true],
    ['one', [byB], false],
    ['two that nobody has signed', [f.approvedBy(6, inAnHour), f.approvedBy(7, inAnHour)], false],
    ['one signed, one not', [byB, f.approvedBy(7, inAnHour)], false],
    ['one signed, one by the wrong key', [byB, recorded(7, { by: keyD, office: C })], false],
    [
      'one signed, one with a signature of something else',
      [byB, { ...byC, data: { ...byC.data, ...forged } } as RecoveryEvent],
      false,
    ],
    ['the same one twice', [byB, byB], false],
    ['one signature in the name of two', [byB, recorded(7)], false],
    [
      'one signature in the name of two, by the other’s appointment',
      [byB, recorded(7, { by: keyB, office: C })],
      false,
    ],
    ['one of them for another request', [byB, recorded(7, { by: keyC, office: C, id: uuid(51) })], false],
    [
      'one of them for what was asked otherwise',
      [byB, recorded(7, { by: keyC, office: C, asked: f.asked({ recipient: uuid(70) }) })],
      false,
    ],
    [
      'one that the event lets last longer than was signed',
      [byB, { ...byC, data: { ...byC.data, expiresAt: '2099-01-01T00:00:00Z' } } as RecoveryEvent],
      false,
    ],
    ['one that has ended', [byB, recorded(7, { by: keyC, office: C, expiresAt: morning })], false],
    ['one by the officer who recorded the request', [byB, recorded(5, { by: keyA, office: A })], false],
    [
      'two of one officer, by a key of each of his appointments',
      [byC, recorded(7, { by: otherC, office: C2 })],
      false,
    ],
    ['three, one forged', [byB, f.approvedBy(9, inAnHour), byC], true],
  ]

  it.each(cases)('CGU-46: %s', async (_, events, counts) => {
    const facts = [kept, ...officers, on(recovery, Q, f.asked(), ...events)]
    const executed = given(...facts).when(executeRecovery(policy), { recovery: Q }, officerD)
    expect(await executed.outcome()).toBe(counts ? 'nothing' : 'CGU-46 RECOVERY_NOT_APPROVED')
    const order = { spki: K, regime: 'approved', recovery: Q } as const
    const started = given(...facts).when(startKeyRecovery(policy), order, program)
    expect(await started.outcome()).toBe(counts ? 'KeyRecoveryStarted' : 'CGU-46 RECOVERY_NOT_APPROVED')
  })

  it.each([
    ['whose officer has another key now', [...withKey(7, keyC), registered(keyD, 2), confirmed(2)]],
    ['whose officer has left', [...withKey(7, keyC), f.ended]],
  ])('CGU-46: one %s does not count any more', async (_, events) => {
    const facts = [
      ...[kept, on(appointment, B, ...withKey(6, keyB)), on(appointment, C, ...events)],
      on(recovery, Q, f.asked(), byB, byC),
    ]
    const executed = given(...facts).when(executeRecovery(policy), { recovery: Q }, officerD)
    expect(await executed.outcome()).toBe('CGU-46 RECOVERY_NOT_APPROVED')
  })

  it('CGU-46: two persons with one key are one approval', () => {
    const appointed = new Map([
      [B, withKey(6, keyB).reduce(appointment.evolve, appointment.initial)],
      [C, withKey(7, keyB).reduce(appointment.evolve, appointment.initial)],
    ])
    const events = [f.asked(), byB, recorded(7, { by: keyB, office: C })]
    const file = events.reduce(recovery.evolve, recovery.initial) as RecoveryFile
    const held = [f.bound, f.escrowed].reduce(key.evolve, key.initial)
    expect(approversAt(policy, { id: Q, file, held, appointed }, morning)).toEqual([uuid(6)])
  })

  it('CGU-46: an officer who has a new key may approve anew, and is counted once', async () => {
    const facts = [
      ...[kept, on(appointment, B, ...withKey(6, keyB), registered(keyD, 2), confirmed(2))],
      on(recovery, Q, f.asked(), byB),
    ]
    const anew = given(...facts).when(approveRecovery(policy), signed({ by: keyD }), officerB)
    expect(await anew.outcome()).toBe('RecoveryApproved')
    expect(await approving(signed(), officerB, [byB]).outcome()).toBe('CGU-46 APPROVER_ALREADY_COUNTED')
  })
})

describe('the key of an officer', () => {
  const proven = (own: OfficerKey, office = B) => ({
    ...{ appointment: office, publicKey: own.publicKey },
    proof: own.sign(keyStatement(policy, office, own.keySha256)),
  })
  const registering = (
    data: ReturnType<typeof proven> & { others?: string[]; certificate?: string },
    by = officerB,
    more = inOffice(6),
  ) =>
    given(on(appointment, B, ...more), on(appointment, C, ...withKey(7, keyC))).when(
      registerApprovalKey(policy),
      data,
      by,
    )

  /** A proof that is right for these octets, whatever they are. */
  const provenAs = (octets: Buffer) => ({
    ...{ appointment: B, publicKey: octets.toString('base64') },
    proof: keyB.sign(keyStatement(policy, B, sha256(octets))),
  })
  const compressed = (() => {
    const der = Buffer.from(keyB.publicKey, 'base64')
    const point = der.subarray(-65)
    const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex')
    return Buffer.concat([head, Buffer.of(2 + (point.at(-1)! & 1)), point.subarray(1, 33)])
  })()

  it.each([
    ['P-256', proven(keyB), officerB, inOffice(6), 'ApprovalKeyRegistered'],
    ['RSA of 2048 bits', proven(keyD), officerB, inOffice(6), 'ApprovalKeyRegistered'],
    ['again', proven(keyB), officerB, [...inOffice(6), registered(keyB)], 'nothing'],
    ['another one', proven(keyD), officerB, withKey(6, keyB), 'ApprovalKeyRegistered'],
    [
      'RSA of 1024 bits',
      proven(officerKey('rsa1024')),
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_UNUSABLE',
    ],
    ['P-521', proven(officerKey('p521')), officerB, inOffice(6), 'CGU-46 APPROVAL_KEY_UNUSABLE'],
    ['Ed25519', proven(officerKey('ed25519')), officerB, inOffice(6), 'CGU-46 APPROVAL_KEY_UNUSABLE'],
    ['of another form', provenAs(compressed), officerB, inOffice(6), 'CGU-46 APPROVAL_KEY_UNUSABLE'],
    [
      'with octets behind it',
      provenAs(Buffer.concat([Buffer.from(keyB.publicKey, 'base64'), Buffer.of(0)])),
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_UNUSABLE',
    ],
    [
      'that is none',
      { ...proven(keyB), publicKey: 'AAAA' },
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_UNUSABLE',
    ],
    [
      'of somebody else, without his proof',
      { ...proven(keyB), proof: keyD.sign('x') },
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_UNUSABLE',
    ],
    [
      'with the proof for another appointment',
      { ...proven(keyB, C), appointment: B },
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_UNUSABLE',
    ],
    [
      'another officer’s',
      { ...proven(keyC), others: [B, C] },
      officerB,
      inOffice(6),
      'CGU-46 APPROVAL_KEY_TAKEN',
    ],
    ['by another officer', proven(keyB), officerC, inOffice(6), 'CGU-06 ROLE_NOT_HELD'],
    ['by an RA officer', proven(keyB), f.ra, inOffice(6), 'CGU-06 ROLE_NOT_HELD'],
    ['before he has accepted', proven(keyB), officerB, inOffice(6).slice(0, 2), 'CGU-06 ROLE_NOT_HELD'],
    ['after he has left', proven(keyB), officerB, [...inOffice(6), f.ended], 'CGU-06 ROLE_NOT_HELD'],
    [
      'of another post',
      proven(keyB),
      officerB,
      [f.proposed({ role: 'mc', person: uuid(6) }), f.checked, f.undertaken],
      'CGU-06 ROLE_NOT_HELD',
    ],
  ] as const)('CGU-06, CGU-46: registered: %s', async (...[, data, by, events, outcome]) => {
    expect(await registering(data as never, by, events).outcome()).toBe(outcome)
  })

  it('CGU-46: shown by a certificate, it is that certificate’s, in its dates, and for signatures', async () => {
    const place = mkdtempSync(join(tmpdir(), 'grand-livre-shown-'))
    try {
      const sibling = openSibling(place)
      await sibling.chain()
      const subject = '/C=FR/O=MEF/CN=TEST Luc AUBRY'
      const shown = async (name: string, more: object = {}) => {
        await sibling.issue(name, { subject, by: 'sibling', ...more })
        const given_ = approvalKeyFrom(sibling.pem(name))!
        const publicKey = Buffer.from(given_.publicKey).toString('base64')
        const certificate = Buffer.from(given_.certificate!).toString('base64')
        expect(certificate).toBe(Buffer.from(sibling.der(name)).toString('base64'))
        const proof = sibling.sign(name, keyStatement(policy, B, sha256(given_.publicKey)))
        return { appointment: B, publicKey, certificate, proof }
      }
      const own = await shown('own')
      await registering(own).then([
        { type: 'ApprovalKeyRegistered', data: { nth: 1, certificate: own.certificate } },
      ])
      const others = [
        await shown('encipherment', { extensions: 'encipherment' }),
        await shown('ended', { until: '20260301000000Z' }),
        await shown('ahead', { from: '20260401000000Z' }),
        { ...own, ...proven(keyB) },
        { ...own, certificate: 'AAAA' },
      ]
      for (const data of others)
        expect(await registering(data).outcome()).toBe('CGU-46 APPROVAL_KEY_UNUSABLE')
      const der = Buffer.from(own.publicKey, 'base64')
      for (const text of [der.toString('base64'), own.certificate])
        expect(Buffer.from(approvalKeyFrom(text)!.publicKey).equals(der)).toBe(true)
      expect(approvalKeyFrom('-----BEGIN PUBLIC KEY-----')).toBeUndefined()
    } finally {
      rmSync(place, { recursive: true })
    }
  })

  const confirming = (
    keySha256: string,
    by = security,
    events: readonly AppointmentEvent[] = [...inOffice(6), registered(keyB)],
    more = withKey(7, keyC),
  ) =>
    given(on(appointment, B, ...events), on(appointment, C, ...more))
      .when(confirmApprovalKey(policy), { appointment: B, keySha256, others: [B, C] }, by)
      .outcome()

  it('CGU-04, CGU-46: confirmed by the security officer, who has seen its fingerprint', async () => {
    expect(await confirming(keyB.keySha256)).toBe('ApprovalKeyConfirmed')
    expect(await confirming(keyC.keySha256)).toBe('CGU-46 APPROVAL_KEY_DIFFERS')
    expect(await confirming(keyB.keySha256, officerB)).toBe('CGU-06 ROLE_NOT_HELD')
    expect(await confirming(keyB.keySha256, actor('securityOfficer', 6))).toBe('CGU-04 SELF_APPROVAL')
    expect(await confirming(keyB.keySha256, security, withKey(6, keyB))).toBe('nothing')
    expect(await confirming(keyC.keySha256, security, withKey(6, keyB))).toBe('CGU-46 OUT_OF_ORDER')
    expect(await confirming(keyB.keySha256, security, [...inOffice(6)])).toBe('CGU-46 OUT_OF_ORDER')
    expect(
      await confirming(keyB.keySha256, security, [...inOffice(6), registered(keyB)], withKey(7, keyB)),
    ).toBe('CGU-46 APPROVAL_KEY_TAKEN')
  })
})

describe('the policy', () => {
  it('CGU-46: in production an approval is always signed', () => {
    const approvalAnchors = [keyA.keySha256]
    const strong = { ...policy, escrow: { ...policy.escrow, approvalAnchors } }
    const weak = { ...policy, escrow: { ...strong.escrow, signedApprovals: false } }
    expect(() => parsePolicy({ ...weak, environment: 'production' })).toThrow(
      '/escrow/signedApprovals must be true in production',
    )
    expect(parsePolicy(weak).escrow.signedApprovals).toBe(false)
    expect(parsePolicy({ ...strong, environment: 'production' }).escrow.signedApprovals).toBe(true)
    expect(policy.escrow.signedApprovals).toBe(true)
  })

  it('CGU-46: where it need not be signed, what is signed is verified all the same', async () => {
    const lax = (data: ApproveRecovery['data']) =>
      given(kept, ...officers, on(recovery, Q, f.asked()))
        .when(approveRecovery(f.policy), data, officerB)
        .outcome()
    expect(await lax({ recovery: Q, statement: 'vu' })).toBe('RecoveryApproved')
    expect(await lax(signed())).toBe('RecoveryApproved')
    expect(await lax(signed({ by: keyC }))).toBe('CGU-46 APPROVAL_SIGNATURE_INVALID')
  })

  it('RFC 8785: what is signed is in its one form, and says itself what an officer has added', () => {
    const statement = statementOf({ reason: 'Motif « établi » — “pièce 3”\n' })
    expect(canonical(JSON.parse(statement))).toBe(statement)
    expect(termsOf(statement)).toMatchObject({ reason: 'Motif « établi » — “pièce 3”\n', nonce })
  })
})
