// The matrix of separation of duties against the deciders: every role of every command, and every person who may not be the same.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { confirmApprovalKey } from '../../commands/confirmApprovalKey.ts'
import { approveRecovery } from '../../commands/approveRecovery.ts'
import { checkAppointee, proposeAppointment, type ProposeAppointment } from '../../commands/appointments.ts'
import { planServiceKey, recordServiceKey } from '../../commands/ceremonyActs.ts'
import { completeDossier } from '../../commands/completeDossier.ts'
import { commissionComponent } from '../../commands/components.ts'
import { consider } from '../../commands/consider.ts'
import { completeControl, type CompleteControl } from '../../commands/controls.ts'
import { correctRegistration } from '../../commands/correctRegistration.ts'
import { listDigest } from '../../commands/approvalStatement.ts'
import { approveDestruction, startDestruction } from '../../commands/destructions.ts'
import { discloseData } from '../../commands/disclosures.ts'
import { closeDispute } from '../../commands/disputes.ts'
import { rejectRequest } from '../../commands/endRequest.ts'
import { planCaRevocation } from '../../commands/endOfLife.ts'
import {
  planEscrowTransfer,
  recordEscrowReceipt,
  recordEscrowTransfer,
} from '../../commands/escrowHandover.ts'
import { executeRecovery } from '../../commands/executeRecovery.ts'
import { issueInSession } from '../../commands/issuanceActs.ts'
import { deliverRecovery } from '../../commands/recoveries.ts'
import { planReport, recordReport } from '../../commands/reports.ts'
import { requestCertificate, type RequestCertificate } from '../../commands/requestCertificate.ts'
import { requestRecovery, type RequestRecovery } from '../../commands/requestRecovery.ts'
import { returnRequest } from '../../commands/returnRequest.ts'
import {
  planServiceKeyDestruction,
  recordServiceKeyCopy,
  recordServiceKeyDestruction,
} from '../../commands/serviceKeys.ts'
import { handOverCard, openSession } from '../../commands/sessions.ts'
import { startUnblocking } from '../../commands/unblocking.ts'
import { validateRequest } from '../../commands/validateRequest.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { appointment } from '../../domain/appointment.ts'
import { card } from '../../domain/card.ts'
import { authority } from '../../domain/authority.ts'
import { certificate } from '../../domain/certificate.ts'
import { destruction, type DestructionEvent } from '../../domain/destruction.ts'
import { key, type KeyEvent } from '../../domain/key.ts'
import type { Actor, Command, Decider, Event } from '../../domain/kernel.ts'
import { roles } from '../../domain/lists.ts'
import { clauseOfRole, duties } from '../../domain/policy/duties.ts'
import type { Second } from '../../domain/policy/dualControl.ts'
import type { Duty } from '../../domain/policy/dutyTable.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { serviceKey, type ServiceKeyEvent } from '../../domain/serviceKey.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, morning, on } from '../support/given.ts'
import { cardLives } from './cardsFacts.ts'
import * as c from './controlsFacts.ts'
import * as e from './endOfLifeFacts.ts'
import * as f from './facts.ts'

type AnyDecider = Decider<unknown, Command, Event, unknown>

/** Commands of the matrix that no decider of this tree gives, by what will give them. */
const later: Readonly<Record<string, readonly string[]>> = {
  proofs: ['AnchorCheckpoint', 'RecordWitness', 'RecordScavenge'],
}

const isDecider = (value: unknown): value is AnyDecider =>
  typeof value === 'object' && value !== null && 'decide' in value && 'who' in value && 'aggregate' in value

/** A factory of deciders takes the policy alone; anything else that is exported is none. */
const deciderOf = (value: unknown): AnyDecider | undefined => {
  if (isDecider(value)) return value
  if (typeof value !== 'function' || value.length > 1) return undefined
  try {
    const made: unknown = (value as (policy: unknown) => unknown)(f.policy)
    if (made instanceof Promise) made.catch(() => undefined)
    return isDecider(made) ? made : undefined
  } catch {
    return undefined
  }
}

const folder = new URL('../../commands/', import.meta.url)
/** All deciders by their command; some commands have two, as a session at the desk and one in self-service. */
const found = new Map<string, AnyDecider[]>()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const module = (await import(new URL(file, folder).href)) as Readonly<Record<string, unknown>>
  for (const value of Object.values(module)) {
    const decider = deciderOf(value)
    if (decider !== undefined) found.set(decider.type, [...(found.get(decider.type) ?? []), decider])
  }
}

const rowOf = (command: string): Duty => {
  const row = duties.get(command)
  if (row === undefined) throw new Error(`${command} is not in the matrix`)
  return row
}

describe('roles', () => {
  it('CGU-06: the matrix has every command that a decider gives, and no other but those of later', () => {
    const given = [...found.keys()].sort()
    const rows = [...duties.keys()].filter((command) => !Object.values(later).flat().includes(command))
    expect(rows.sort()).toEqual(given)
  })

  it('CGU-06: what comes later has its row, and no decider yet', () => {
    const commands = Object.values(later).flat()
    expect(commands.filter((command) => !duties.has(command) || found.has(command))).toEqual([])
  })

  it.each([...found.keys()].sort())('CGU-06: %s, each role', async (command) => {
    const deciders = found.get(command) ?? []
    const expected = rowOf(command).who
    const given = deciders.flatMap(({ who }) => who)
    expect(roles.filter((role) => given.includes(role))).toEqual(
      roles.filter((role) => expected.includes(role)),
    )
    const fold = () => Promise.reject(new Error('a role that may not give it reads nothing'))
    for (const decider of deciders)
      for (const role of roles.filter((one) => !decider.who.includes(one))) {
        const order = { type: command, id: uuid(99), data: {}, by: actor(role, 80), at: morning }
        const decision = await consider(decider, order, decider.aggregate.initial, fold)
        expect([role, decision]).toEqual([
          role,
          { refused: { code: 'ROLE_NOT_HELD', clause: clauseOfRole(command), detail: role } },
        ])
      }
  })
})

const proposal = { appointment: f.M, ...f.proposed().data } as ProposeAppointment['data']
const demand: RequestCertificate['data'] = {
  ...{ request: f.R, person: uuid(2), drawn: false, entity: f.E, cardKind: 'agent', ra: 'dgddi' },
  ...{
    profile: 'encryption',
    escrow: true,
    looked: { readAt: morning, agent: 'empty', inRaDirectory: false },
  },
  holder: {
    ...{ kind: 'agent', surname: 'Brun', givenNames: 'Ève', nameInCertificate: 'Ève BRUN' },
    ...{ email: 'eve@douane.example', matricule: '0012345678' },
  },
}
const own = f.requested({ person: uuid(2) })
const held = on(key, f.K, f.bound, f.escrowed)
const approval = { recovery: f.Q, statement: 'vu' }
const approve = (file: Parameters<typeof f.asked>[0], officer: number) =>
  given(held, on(recovery, f.Q, f.asked(file)))
    .when(approveRecovery(f.policy), approval, actor('recoveryOfficer', officer))
    .outcome()

const execute = (file: Parameters<typeof f.asked>[0], officer: number) =>
  given(
    held,
    on(
      recovery,
      f.Q,
      f.asked(file),
      f.approvedBy(21, '2026-03-03T09:00:00Z'),
      f.approvedBy(22, '2026-03-03T09:00:00Z'),
    ),
  )
    .when(executeRecovery(f.policy), { recovery: f.Q }, actor('recoveryOfficer', officer))
    .outcome()

const executedBy = (officer: number): KeyEvent => ({
  type: 'KeyRecoveryStarted',
  data: { regime: 'approved', recovery: f.Q, recipient: uuid(8), executor: uuid(officer) },
})
const deliver = (file: Parameters<typeof f.asked>[0], officer: number, execution: readonly KeyEvent[] = []) =>
  given(on(key, f.K, f.bound, f.escrowed, ...execution), on(recovery, f.Q, f.asked(file)))
    .when(deliverRecovery, { recovery: f.Q, receipt: 'reçu' }, actor('recoveryOfficer', officer))
    .outcome()
const order: RequestRecovery['data'] = {
  ...{ recovery: f.Q, serial: f.S, nameGiven: 'Zoe', requesterRole: 'legalAuthority', requester: uuid(8) },
  ...{ represents: 'tribunal', legalBasis: 'ordonnance', ground: 'judicial', evidence: 'pièce' },
  holderNotice: true,
}

const controlled: CompleteControl['data'] = {
  component: c.D,
  control: c.A1,
  verdict: 'passed',
  completedOn: '2026-03-01',
  findingCount: 0,
  reportSha256: f.digest,
}

const D = uuid(800)
const units = [`reg/${f.R}`]
const proposedRun: DestructionEvent = {
  type: 'DestructionProposed',
  data: {
    ...{ class: 'reg', cause: 'termEnded', units, latestDue: morning },
    proposer: uuid(60),
  },
}
const visa: DestructionEvent = {
  type: 'EliminationVisaRecorded',
  data: { visaSha256: f.digest, grantedOn: '2026-03-01', reference: 'bordereau 12' },
}
const approvalOf = (person: number): DestructionEvent => ({
  type: 'DestructionApproved',
  data: { nth: 1, listSha256: f.digest, approver: uuid(person) },
})
const approveRun = (before: readonly DestructionEvent[], by: Actor) =>
  given(on(destruction, D, proposedRun, visa, ...before))
    .when(
      approveDestruction(f.policy),
      { destruction: D, listSha256: listDigest({ units }), statement: 'Vu.' },
      by,
    )
    .outcome()
const startRun = (...approvers: readonly number[]) =>
  given(on(destruction, D, proposedRun, visa, ...approvers.map(approvalOf)))
    .when(startDestruction(f.policy), { destruction: D, held: [] }, f.program)
    .outcome()
const disclose = (second: Second) =>
  given()
    .when(
      discloseData,
      {
        ...{ export: uuid(802), fields: ['surname'], unitCount: 1, returnBy: '2027-03-02' },
        ...{ packageSha256: f.digest, recipient: 'juge', ground: 'ordonnance', second },
      },
      e.ca,
    )
    .outcome()

/** The officer of the authority, also in the other role; and the security officer, who is somebody else. */
const himself: Second = { person: e.ca.person, roles: ['caOfficer', 'securityOfficer'] }
const another: Second = { person: e.so.person, roles: ['securityOfficer'] }
const ended = [
  e.life('transferred'),
  e.lastList(e.planned, e.signedList, e.published),
  e.answers(e.answersPlanned, e.answersSigned),
]
const minuted = { servicekey: e.key, present: 'témoin', minutesSha256: f.digest }
const report = { servicekey: e.key, report: 'ceremony', documents: [f.digest] }
const logKey = (...more: readonly ServiceKeyEvent[]) => {
  const present = 'témoin'
  const about = { module: 'm', token: 't', attributesSha256: f.digest, minutesSha256: f.digest, present }
  return on(
    serviceKey,
    e.key,
    {
      type: 'ServiceKeyPlanned',
      data: { purpose: 'log', algorithm: 'ecP384', scriptSha256: f.digest, present },
    },
    { type: 'ServiceKeyGenerated', data: about },
    ...more,
  )
}
const handing = (data: object, second: Second) => ({ issuer: f.issuer, ...data, present: 'témoin', second })
const keyActs = {
  plan: (second: Second) =>
    given()
      .when(
        planServiceKey,
        {
          ...{ servicekey: e.key, present: 'témoin', second },
          ...{ purpose: 'ca', algorithm: 'rsa4096', scriptSha256: f.digest },
        },
        e.ca,
      )
      .outcome(),
  record: (second: Second) =>
    given(
      on(serviceKey, e.key, {
        type: 'ServiceKeyPlanned',
        data: { purpose: 'ca', algorithm: 'rsa4096', scriptSha256: f.digest, present: 'témoin' },
      }),
    )
      .when(
        recordServiceKey,
        { ...minuted, second, module: 'm', token: 't', attributesSha256: f.digest },
        e.ca,
      )
      .outcome(),
  copy: (second: Second) =>
    given(e.caKey())
      .when(recordServiceKeyCopy, { ...minuted, second, copy: uuid(74), direction: 'backup' }, e.ca)
      .outcome(),
  doom: (second: Second) =>
    given(e.caKey(), ...ended)
      .when(
        planServiceKeyDestruction,
        {
          ...{ servicekey: e.key, present: 'témoin', second, copies: [e.copy], cause: 'endOfLife' },
          lastCrl: 2,
          held: false,
        },
        e.ca,
      )
      .outcome(),
  destroy: (second: Second) =>
    given(e.caKey(e.doomed))
      .when(recordServiceKeyDestruction, { ...minuted, ...e.destroyed.data, second } as never, e.ca)
      .outcome(),
  revoke: (second: Second) =>
    given(e.life('transferred'), e.caKey(e.doomed, e.destroyed))
      .when(planCaRevocation, { ...e.revocation, second }, e.ca)
      .outcome(),
  handOver: (second: Second) =>
    given(e.life('emptied'), ...ended.slice(1))
      .when(planEscrowTransfer, { ...handing(e.escrowPlanned.data, second), lastCrl: 2 } as never, e.ca)
      .outcome(),
  sent: (second: Second) =>
    given(on(authority, f.issuer, ...e.lives.emptied, e.escrowPlanned))
      .when(recordEscrowTransfer, handing(e.escrowSent.data, second) as never, e.ca)
      .outcome(),
  received: (second: Second) =>
    given(on(authority, f.issuer, ...e.lives.emptied, e.escrowPlanned, e.escrowSent))
      .when(recordEscrowReceipt, handing(e.escrowReceived.data, second) as never, e.ca)
      .outcome(),
  drawUp: (second: Second) =>
    given(logKey())
      .when(planReport, { ...report, second }, e.ca)
      .outcome(),
  sign: (second: Second) =>
    given(logKey({ type: 'ReportPlanned', data: { report: 'ceremony', documents: [f.digest] } }))
      .when(recordReport, { ...report, second }, e.ca)
      .outcome(),
}

/** What happens where the two are one person, by `Command/party`. */
const cases: Readonly<Record<string, () => Promise<string>>> = {
  'ProposeAppointment/appointee': () =>
    given(f.employer)
      .when(proposeAppointment(f.policy), { ...proposal, person: f.ra.person }, f.ra)
      .outcome(),
  'CheckAppointee/appointee': () =>
    given(on(appointment, f.M, f.proposed({ person: f.ra.person })))
      .when(checkAppointee, { appointment: f.M, ...f.inPerson }, f.ra)
      .outcome(),
  'ConfirmApprovalKey/appointee': () =>
    given(
      on(
        appointment,
        f.M,
        f.proposed({ role: 'recoveryOfficer', entity: undefined, person: e.so.person }),
        ...[f.checked, f.undertaken],
        { type: 'ApprovalKeyRegistered', data: { nth: 1, publicKey: 'AAAA', proof: 'AAAA' } },
      ),
    )
      .when(confirmApprovalKey(f.policy), { appointment: f.M, keySha256: f.digest }, e.so)
      .outcome(),
  'RequestCertificate/holder': () =>
    given(f.employer).when(requestCertificate(f.policy), demand, f.ra).outcome(),
  'CompleteDossier/holder': () =>
    given(on(request, f.R, f.requested({ person: uuid(2), path: 'mandate' })))
      .when(
        completeDossier(f.policy),
        { request: f.R, pieces: [], oldestSignedOn: '2026-02-01', scans: 'x' },
        f.ra,
      )
      .outcome(),
  'VerifyIdentity/holder': () =>
    given(on(request, f.R, own))
      .when(verifyIdentity, { request: f.R, ...f.inPerson, entityTieChecked: true }, f.ra)
      .outcome(),
  'ValidateRequest/holder': () =>
    given(on(request, f.R, own, f.accepted, f.identified))
      .when(validateRequest(f.policy), { request: f.R }, f.ra)
      .outcome(),
  'ReturnRequest/holder': () =>
    given(on(request, f.R, own))
      .when(returnRequest, { request: f.R, cause: 'identityDoubtful' }, f.ra)
      .outcome(),
  'CorrectRegistration/holder': () =>
    given(on(request, f.R, own))
      .when(correctRegistration, { request: f.R, values: { email: 'z@x.example' } }, f.ra)
      .outcome(),
  'RejectRequest/holder': () =>
    given(on(request, f.R, own))
      .when(rejectRequest, { request: f.R, cause: 'DOSSIER_INCOMPLETE' }, f.ra)
      .outcome(),
  'HandOverCard/holder': () =>
    given(
      on(card, f.C, f.allotted, f.written, f.pinDefined),
      on(certificate, f.S, f.planned, f.issued, f.acceptedByHolder),
      on(request, f.R, own, f.accepted, f.identified, f.validated, f.sessionOpened),
    )
      .when(handOverCard, { request: f.R, receipt: 'reçu' }, f.ra)
      .outcome(),
  'StartUnblocking/holder': () =>
    given(on(card, f.C, ...cardLives.blocked))
      .when(
        startUnblocking,
        {
          ...{ card: f.C, askedBy: 'holder', identityMethod: 'inPerson', method: 'puk' },
          documentNumber: '12AB',
        },
        actor('unblockingOperator', 1),
      )
      .outcome(),
  'CommissionComponent/controller': () =>
    given(c.desk(c.declared, c.ordered(c.A1), c.completed(c.A1)))
      .when(commissionComponent, { component: c.D }, c.auditorAsCa)
      .outcome(),
  'CompleteControl/manager': () =>
    given(c.desk(c.declared, c.ordered(c.A1)))
      .when(completeControl, controlled, c.caAsAuditor)
      .outcome(),
  'CloseDispute/holder': () =>
    given(c.litigation(c.opened))
      .when(closeDispute, { dispute: c.L, outcome: 'settled' }, actor('supportAgent', 1))
      .outcome(),
  'ApproveDestruction/proposer': () => approveRun([], actor('caOfficer', 60)),
  'ApproveDestruction/earlierApprover': () => approveRun([approvalOf(61)], actor('securityOfficer', 61)),
  'StartDestruction/secondPerson': () => startRun(61, 61),
  'DiscloseData/secondPerson': () => disclose(himself),
  'PlanServiceKey/secondPerson': () => keyActs.plan(himself),
  'RecordServiceKey/secondPerson': () => keyActs.record(himself),
  'RecordServiceKeyCopy/secondPerson': () => keyActs.copy(himself),
  'PlanServiceKeyDestruction/secondPerson': () => keyActs.doom(himself),
  'RecordServiceKeyDestruction/secondPerson': () => keyActs.destroy(himself),
  'PlanCaRevocation/secondPerson': () => keyActs.revoke(himself),
  'PlanEscrowTransfer/secondPerson': () => keyActs.handOver(himself),
  'RecordEscrowTransfer/secondPerson': () => keyActs.sent(himself),
  'RecordEscrowReceipt/secondPerson': () => keyActs.received(himself),
  'PlanReport/secondPerson': () => keyActs.drawUp(himself),
  'RecordReport/secondPerson': () => keyActs.sign(himself),
  'OpenSession/holder': () =>
    given(f.employer, f.deskInService(uuid(70)), on(request, f.R, own, f.accepted, f.identified, f.validated))
      .when(
        openSession,
        {
          request: f.R,
          holderPresent: true,
          desk: uuid(70),
          serial: f.S,
          card: f.C,
          slots: 12,
          keySizes: [3072],
          earlier: [],
        },
        f.ra,
      )
      .outcome(),
  'IssueCertificate/holder': () =>
    given(on(request, f.R, own, f.accepted, f.identified, f.validated, f.sessionOpened))
      .when(issueInSession, { request: f.R }, f.ra)
      .outcome(),
  'RequestRecovery/requester': () =>
    given(held, on(certificate, f.S, f.planned, f.issued, f.acceptedByHolder))
      .when(requestRecovery, { ...order, requester: uuid(6) }, actor('recoveryOfficer', 6))
      .outcome(),
  'DeliverRecovery/requester': () => deliver({ requester: uuid(6) }, 6),
  'DeliverRecovery/recipient': () => deliver({ recipient: uuid(6) }, 6),
  'DeliverRecovery/holder': () => deliver({}, 1),
  'DeliverRecovery/executor': () => deliver({}, 6, [executedBy(6), f.recoveredKey]),
  'ExecuteRecovery/requester': () => execute({ requester: uuid(6) }, 6),
  'ExecuteRecovery/recorder': () => execute({ recorder: uuid(6) }, 6),
  'ExecuteRecovery/recipient': () => execute({ recipient: uuid(6) }, 6),
  'ExecuteRecovery/holder': () => execute({}, 1),
  'ApproveRecovery/requester': () => approve({ requester: uuid(6) }, 6),
  'ApproveRecovery/recorder': () => approve({ recorder: uuid(6) }, 6),
  'ApproveRecovery/recipient': () => approve({ recipient: uuid(6) }, 6),
  'ApproveRecovery/holder': () => approve({}, 1),
  'ApproveRecovery/earlierApprover': () =>
    given(held, on(recovery, f.Q, f.asked(), f.approvedBy(6, '2026-03-03T09:00:00Z')))
      .when(approveRecovery(f.policy), approval, actor('recoveryOfficer', 6))
      .outcome(),
}

const cells = [...duties].flatMap(([command, { apart }]) =>
  apart.map((cell) => ({ ...cell, command, name: `${command}/${cell.party}` })),
)

describe('who must not be the same person', () => {
  it.each(cells)('$clause: $name', async ({ name, clause, code }) => {
    expect(await cases[name]?.()).toBe(`${clause} ${code}`)
  })

  it('CGU-04: no cell lacks its case, and no case its cell', () => {
    expect(Object.keys(cases).sort()).toEqual(cells.map(({ name }) => name).sort())
  })

  it('CGU-46: an officer who is none of them approves', async () => {
    expect(await approve({}, 7)).toBe('RecoveryApproved')
  })

  it('CGU-46: an officer who is none of them executes, one who approved too', async () => {
    expect(await execute({}, 7)).toBe('nothing')
    expect(await execute({}, 21)).toBe('nothing')
  })

  it('CGU-04, CGU-46: whoever executed hands over what is enciphered to a certificate; another officer, what is under a passphrase', async () => {
    const done = [executedBy(6), f.recoveredKey]
    expect(await deliver({ output: 'cms', recipientCertificate: 'AAAA' }, 6, done)).toBe('RecoveryDelivered')
    expect(await deliver({}, 7, done)).toBe('RecoveryDelivered')
  })

  it('CGU-06, CGU-116: two persons act where one may not', async () => {
    expect(await approveRun([approvalOf(61)], actor('securityOfficer', 62))).toBe('DestructionApproved')
    expect(await startRun(61, 62)).toBe('DestructionStarted')
    expect(await disclose(another)).toBe('PersonalDataDisclosed')
    expect(await Promise.all(Object.values(keyActs).map((act) => act(another)))).toEqual([
      ...['ServiceKeyPlanned', 'ServiceKeyGenerated', 'ServiceKeyCopied'],
      ...['ServiceKeyDestructionPlanned', 'ServiceKeyDestroyed', 'CaRevocationPlanned'],
      ...['EscrowTransferPlanned', 'EscrowTransferred', 'EscrowReceiptRecorded'],
      ...['ReportPlanned', 'ReportSigned'],
    ])
  })
})
