// CGU-46: which approvals of a recovery count, now. Each is verified whenever it is counted: by the key that is registered for its
// officer, over what was asked, as the ledger has both. An event that only says that somebody has approved counts for nothing.
import { approverRoles } from '../domain/approval.ts'
import type { Fold, Instant } from '../domain/kernel.ts'
import type { Key } from '../domain/key.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned, liveApprovals } from '../domain/policy/recovery.ts'
import type { Approval, Recovery, RecoveryFile } from '../domain/recovery.ts'
import { approvalStatement, termsOf } from './approvalStatement.ts'
import {
  appointedIn,
  eachOnce,
  signedFault,
  type Appointed,
  type Approved,
  type Counted,
} from './signedApproval.ts'

/** A request, the key that it is for, and the appointments that its approvals name. */
export type ApprovalCase = Readonly<{ id: string; file: RecoveryFile; held: Key; appointed: Appointed }>

/** The appointments that the approvals of a request name, and one more where it is given. */
export const appointedTo = (fold: Fold, file: Recovery | undefined, more?: string): Promise<Appointed> =>
  appointedIn(fold, file === undefined || file.status === 'unknown' ? [] : file.approvals, more)

/** What an officer approves of a request. */
export const recoveryApproved = (policy: Policy, { id, file, appointed }: ApprovalCase): Approved => ({
  ...{ id, clause: 'CGU-46', roles: approverRoles.recovery, appointed },
  textOf: (terms) => approvalStatement(policy, { id, file }, terms),
})

const countedAs = (
  policy: Policy,
  about: ApprovalCase,
  { approver, expiresAt, signed }: Approval,
  at: Instant,
): Counted | undefined => {
  if (approver === undefined || concerned(about.file, about.held, approver)) return undefined
  if (signed === undefined) return policy.escrow.signedApprovals ? undefined : { approver, key: undefined }
  const terms = termsOf(signed.statement)
  const holds = signedFault(recoveryApproved(policy, about), signed, { person: approver, at }) === undefined
  // What the event says beside the signature has to be what was signed.
  return holds && terms?.expiresAt === expiresAt ? { approver, key: terms.keySha256 } : undefined
}

/** The persons whose approvals count at an instant: none of those concerned, each once, and no two by one key. */
export const approversAt = (policy: Policy, about: ApprovalCase, at: Instant): readonly string[] =>
  eachOnce(liveApprovals(about.file, at).map((approval) => countedAs(policy, about, approval, at)))

/** Whether a request stands approved by the quorum at an instant. */
export const quorumOf = (policy: Policy, about: ApprovalCase, at: Instant): boolean =>
  about.file.status === 'requested' && approversAt(policy, about, at).length >= policy.escrow.recoveryQuorum
