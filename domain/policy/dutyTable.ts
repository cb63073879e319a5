// The rows of the matrix of separation of duties (duties.ts), by what the commands are about. Roles are written as in
// events.md: H holder, MC, LR, AR, AP, LA, RA, CA, RO, UO, SO, SY, AU, CS, AV, SA, P program.
import { roles, type Role } from '../lists.ts'
import type { ClauseId, RefusalCode } from '../refusals.ts'

/** Who must be another person than the one who gives the command. */
export type Party =
  | 'holder'
  | 'appointee'
  | 'requester'
  | 'recorder'
  | 'recipient'
  | 'executor'
  | 'proposer'
  | 'earlierApprover'
  | 'secondPerson'
  | 'controller'
  | 'manager'

/** One cell: who must not be the same, by which clause, and the refusal where he is. */
export type Apart = Readonly<{ party: Party; clause: ClauseId; code: RefusalCode }>
/** What a role reaches: what is about the person himself, about his entity, or all; nothing, where it is only told why. */
export type Scope = 'own' | 'entity' | 'all' | 'none'

export type Duty = Readonly<{
  who: readonly Role[]
  apart: readonly Apart[]
  /** The clause that gives the role, cited where another one is refused. */
  clause: ClauseId
  /** Where the command reaches less, or more, than its roles do otherwise. */
  scope?: Scope
  /** Roles that are refused in any case, by a refusal that says whose it is instead. */
  told?: Readonly<{ roles: readonly Role[]; clause: ClauseId; code: RefusalCode }>
}>

const [H, MC, LR, AP] = ['holder', 'mc', 'legalRepresentative', 'authorisedPerson'] as const
const [RA, CA, RO, UO] = ['raOfficer', 'caOfficer', 'recoveryOfficer', 'unblockingOperator'] as const
const [SO, SY, AU, CS] = ['securityOfficer', 'systemOperator', 'auditor', 'supervisor'] as const
const [AV, SA, P] = ['archivist', 'supportAgent', 'program'] as const

type More = Partial<Omit<Duty, 'who'>>
const by = (who: readonly Role[], more: More = {}): Duty => ({ who, apart: [], clause: 'CGU-06', ...more })
const each = <const N extends readonly string[]>(duty: Duty, ...names: N): Record<N[number], Duty> =>
  Object.fromEntries(names.map((name) => [name, duty])) as Record<N[number], Duty>

/** Nobody does it for himself. */
const not = (...parties: readonly Party[]): readonly Apart[] =>
  parties.map((party) => ({ party, clause: 'CGU-04', code: 'SELF_APPROVAL' }))
const twice = (clause: ClauseId): Apart => ({
  ...{ party: 'earlierApprover', clause, code: 'APPROVER_ALREADY_COUNTED' },
})
const inPairs: readonly Apart[] = [
  { party: 'secondPerson', clause: 'CGU-06', code: 'SECOND_PERSON_REQUIRED' },
]

export const dutyTable = {
  entity: { VerifyEntity: by([RA]), CloseEntity: by([RA, CA]) },
  appointment: {
    ProposeAppointment: by([RA, LR, SO, CA], { apart: not('appointee') }),
    CheckAppointee: by([RA, SO], { apart: not('appointee') }),
    AcceptAppointment: by(
      roles.filter((role) => role !== P),
      { scope: 'own' },
    ),
    // An officer brings his own key; somebody else has seen whose it is.
    RegisterApprovalKey: by([RO, CA, SO], { scope: 'own' }),
    ConfirmApprovalKey: by([SO], { apart: not('appointee') }),
    EndAppointment: by([RA, LR, SO, CA, P]),
  },
  request: {
    RequestCertificate: by([RA, MC, H], { clause: 'CGU-21', apart: not('holder') }),
    // Certification agents and officers are told whose it is (CGU-55), not only that it is not theirs.
    RequestRenewal: by([H, MC, RA], {
      told: { roles: [MC, RA], clause: 'CGU-55', code: 'RENEWAL_HOLDER_ONLY' },
    }),
    AcceptCgu: by([H]),
    CompleteDossier: by([MC, RA], { apart: not('holder') }),
    VerifyIdentity: by([RA, MC], { clause: 'CGU-26', apart: not('holder') }),
    ValidateRequest: by([RA, P], { apart: not('holder') }),
    ReturnRequest: by([RA, MC], { apart: not('holder') }),
    CorrectRegistration: by([H, RA], { apart: not('holder') }),
    RejectRequest: by([RA], { apart: not('holder') }),
    CloseRequest: by([H, MC, RA, P]),
    // CGU-58: the holder alone, in a renewal.
    OpenSession: by([RA, H], { apart: not('holder') }),
    CloseSession: by([RA, P]),
    // At the desk the RA, alone the holder.
    IssueCertificate: by([RA, H], { apart: not('holder') }),
    UndoIssuance: by([RA]),
    HandOverCard: by([RA, P], { apart: not('holder') }),
  },
  subject: { BindSubjectName: by([P]) },
  card: {
    RegisterStock: by([RA]),
    AllotCard: by([RA, H, P]),
    DefinePin: by([H]),
    StartUnblocking: by([UO], { clause: 'CGU-53', apart: not('holder') }),
    ReportCard: by([H, MC, RA, UO]),
    ...each(by([RA, P]), 'ReleaseCard', 'ScrapCard'),
    ...each(by([P]), 'RecordCardWriting', 'RecordUnblocking'),
  },
  key: each(
    by([P]),
    ...(['BindPublicKey', 'EscrowKey', 'StartKeyRecovery', 'RecordKeyRecovery'] as const),
    ...(['RewrapKey', 'RecordKeyDestruction'] as const),
  ),
  certificate: {
    ...each(by([P]), 'PlanCertificate', 'RecordCertificate', 'AbandonCertificate'),
    PresentCertificate: by([H, RA], { clause: 'CGU-36' }),
    AcceptCertificate: by([H], { clause: 'CGU-37' }),
    RefuseCertificate: by([H, P], { clause: 'CGU-37' }),
    RequestRevocation: by([RA, CA, MC, H, LR, AP]),
    RejectRevocation: by([RA, CA]),
    RevokeCertificate: by([RA, CA, P]),
  },
  recovery: {
    // A holder asks for himself; an officer records what somebody else asks for.
    RequestRecovery: by([H, RO], { apart: not('requester') }),
    ApproveRecovery: by([RO], {
      apart: [...not('requester', 'recorder', 'recipient', 'holder'), twice('CGU-46')],
    }),
    ExecuteRecovery: by([RO], { apart: not('requester', 'recorder', 'recipient', 'holder') }),
    RejectRecovery: by([RO]),
    CloseRecovery: by([H, RO, P]),
    DeliverRecovery: by([RO, H], { apart: not('requester', 'recipient', 'holder', 'executor') }),
  },
  crl: { PlanCrl: by([P, CA]), ...each(by([P]), 'RecordCrl', 'RejectCrlPlan', 'RecordCrlPublication') },
  ocsp: { PlanFinalOcsp: by([CA]), ...each(by([P]), 'RecordFinalOcsp', 'RecordOcspActivity') },
  authority: {
    ...each(by([CA, P]), 'PlanCaCertificate', 'InstallCaCertificate'),
    StopIssuance: by([CA, SO]),
    ...each(by([CA]), 'ResumeIssuance', 'DeclareTermination', 'TransferObligations'),
    RecordCaRevocation: by([CA, SO]),
    ...each(
      by([CA, SO], { apart: inPairs }),
      ...(['PlanCaRevocation', 'PlanEscrowTransfer', 'RecordEscrowTransfer', 'RecordEscrowReceipt'] as const),
    ),
    CompleteRevocations: by([P]),
  },
  servicekey: {
    // Either of the two officers speaks, the other stands beside him.
    ...each(by([CA, SO, P], { apart: inPairs }), 'PlanServiceKey', 'RecordServiceKey'),
    ...each(
      by([CA, SO], { apart: inPairs }),
      ...(['RecordServiceKeyCopy', 'PlanServiceKeyDestruction', 'RecordServiceKeyDestruction'] as const),
      ...(['PlanReport', 'RecordReport'] as const),
    ),
    ...each(by([P]), 'CountKeyStock', 'RecordDeniedKeyUse'),
  },
  document: {
    AdoptDocument: by([CA, CS, P]),
    // The program records those that it was started with.
    AdoptParameters: by([CA, P]),
    RecordPublication: by([P, SY]),
  },
  notice: {
    PlanNotice: by([P, CA]),
    WaiveNotice: by([CA, RA]),
    RecordNotice: by([P]),
    RecordDelivery: by([P]),
    // Whoever has put right an address, or has asked the mail service.
    RetryNotice: by([CA, RA, SA]),
    // CGU-119: mail that comes back comes back to the user support.
    RecordBounce: by([P, SA]),
  },
  component: {
    ...each(by([CA, SY]), 'DeclareComponent', 'ModifyComponent', 'RetireComponent'),
    CommissionComponent: by([CA], { apart: not('controller') }),
    OrderControl: by([CS, CA], { clause: 'CGU-122' }),
    CompleteControl: by([AU], { clause: 'CGU-122', apart: not('manager') }),
    RecordComponentRun: by([P]),
  },
  dispute: { OpenDispute: by([SA]), CloseDispute: by([SA], { apart: not('holder') }) },
  hold: each(by([CA, AV]), 'PlaceHold', 'LiftHold'),
  destruction: {
    ProposeDestruction: by([AV, P]),
    RecordVisa: by([AV]),
    ApproveDestruction: by([CA, SO], { apart: [...not('proposer'), twice('CGU-116')] }),
    CancelDestruction: by([CA, SO, AV]),
    StartDestruction: by([P], { apart: inPairs }),
    ...each(by([P]), 'RecordDestruction', 'RecordScavenge'),
  },
  export: {
    ProduceExport: by([P, AU, CS]),
    DiscloseData: by([CA], { apart: inPairs }),
    EndDisclosure: by([CA]),
  },
  checkpoint: { AnchorCheckpoint: by([P]), RecordWitness: by([P, CS]) },
  journal: each(
    by(roles, { scope: 'own' }),
    ...([
      'OpenJournal',
      'RecordSignIn',
      'RecordRefusal',
      'RecordConsultation',
      'RecordFailedSignIn',
      'CountFailedSignIns',
    ] as const),
  ),
} as const satisfies Record<string, Readonly<Record<string, Duty>>>
