// CGU-46: which approvals of a recovery count, now. Each is verified whenever it is counted: by the key that is registered for its
// officer, over what was asked, as the ledger has both. An event that only says that somebody has approved counts for nothing.
import { appointment, type Appointment } from '../domain/appointment.ts'
import { refuse, type Decision, type Fold, type Instant } from '../domain/kernel.ts'
import type { Key } from '../domain/key.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned, liveApprovals } from '../domain/policy/recovery.ts'
import type { Approval, Recovery, RecoveryFile, SignedApproval } from '../domain/recovery.ts'
import { signedByKey } from '../pki/approvalSignature.ts'
import { approvalStatement, termsOf } from './approvalStatement.ts'
import { sha256 } from './issuing.ts'

/** Appointments by their ids. */
export type Appointed = ReadonlyMap<string, Appointment>

/** A request, the key that it is for, and the appointments that its approvals name. */
export type ApprovalCase = Readonly<{ id: string; file: RecoveryFile; held: Key; appointed: Appointed }>

/** The appointments that the approvals of a request name, and one more where it is given. */
export const appointedTo = async (
  fold: Fold,
  file: Recovery | undefined,
  more?: string,
): Promise<Appointed> => {
  const approvals = file === undefined || file.status === 'unknown' ? [] : file.approvals
  const named = [...approvals.map(({ signed }) => signed?.appointment), more]
  const ids = [...new Set(named)].flatMap((id) => (id === undefined ? [] : [id]))
  return new Map(await Promise.all(ids.map(async (id) => [id, await fold(appointment, id)] as const)))
}

/** The key of a recovery officer: confirmed, and his appointment in force. SubjectPublicKeyInfo, DER. */
export const approvalKeyOf = (
  held: Appointment | undefined,
  person: string,
  at: Instant,
): Uint8Array | undefined => {
  if (held === undefined || !appointmentInForce(held, { person, role: 'recoveryOfficer', at }))
    return undefined
  const known = 'approvalKey' in held ? held.approvalKey?.publicKey : undefined
  return known === undefined ? undefined : Buffer.from(known, 'base64')
}

/** What keeps a signed approval of this person from counting at an instant, if anything. */
export const approvalFault = (
  policy: Policy,
  { id, file, appointed }: ApprovalCase,
  { statement, signature, appointment: named }: SignedApproval,
  { person, at }: Readonly<{ person: string; at: Instant }>,
): Decision<never> | undefined => {
  const spki = approvalKeyOf(appointed.get(named), person, at)
  if (spki === undefined) return refuse('CGU-46', 'APPROVAL_KEY_UNKNOWN', 'appointment')
  const terms = termsOf(statement)
  if (terms === undefined) return refuse('CGU-46', 'APPROVAL_MALFORMED', 'signedStatement')
  const isHis =
    terms.keySha256 === sha256(spki) && signedByKey(statement, Buffer.from(signature, 'base64'), spki)
  if (!isHis) return refuse('CGU-46', 'APPROVAL_SIGNATURE_INVALID', 'signature')
  const expected = approvalStatement(policy, { id, file }, terms)
  if (expected === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', id)
  if (expected !== statement) return refuse('CGU-46', 'APPROVAL_OF_ANOTHER_REQUEST', id)
  return at < terms.expiresAt ? undefined : refuse('CGU-46', 'APPROVAL_EXPIRED', terms.expiresAt)
}

/** An approval as it counts: by whom, and by which key. */
type Counted = Readonly<{ approver: string; key: string | undefined }>

const countedAs = (
  policy: Policy,
  about: ApprovalCase,
  { approver, expiresAt, signed }: Approval,
  at: Instant,
): Counted | undefined => {
  if (approver === undefined || concerned(about.file, about.held, approver)) return undefined
  if (signed === undefined) return policy.escrow.signedApprovals ? undefined : { approver, key: undefined }
  const terms = termsOf(signed.statement)
  const holds = approvalFault(policy, about, signed, { person: approver, at }) === undefined
  // What the event says beside the signature has to be what was signed.
  return holds && terms?.expiresAt === expiresAt ? { approver, key: terms.keySha256 } : undefined
}

/** The persons whose approvals count at an instant: none of those concerned, each once, and no two by one key. */
export const approversAt = (policy: Policy, about: ApprovalCase, at: Instant): readonly string[] => {
  const counted: Counted[] = []
  for (const approval of liveApprovals(about.file, at)) {
    const one = countedAs(policy, about, approval, at)
    if (one === undefined) continue
    const known = counted.some(
      ({ approver, key }) => approver === one.approver || (key !== undefined && key === one.key),
    )
    if (!known) counted.push(one)
  }
  return counted.map(({ approver }) => approver)
}

/** Whether a request stands approved by the quorum at an instant. */
export const quorumOf = (policy: Policy, about: ApprovalCase, at: Instant): boolean =>
  about.file.status === 'requested' && approversAt(policy, about, at).length >= policy.escrow.recoveryQuorum
