// CGU-46: which approvals of a recovery count, now. Each is verified whenever it is counted: by the key that is registered for its
// officer, over what was asked, as the ledger has both. An event that only says that somebody has approved counts for nothing.
import { approverRoles } from '../domain/approval.ts'
import type { Instant } from '../domain/kernel.ts'
import type { Key } from '../domain/key.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned, liveApprovals } from '../domain/policy/recovery.ts'
import type { Approval, RecoveryFile } from '../domain/recovery.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { approvalStatement, termsOf } from './approvalStatement.ts'
import { countedApprovers, type Approved } from './signedApproval.ts'

/** A request, the key that it is for, and the appointments that its approvals name. */
export type ApprovalCase = Readonly<{ id: string; file: RecoveryFile; held: Key; appointed: Appointed }>

/** What an officer approves of a request. */
export const recoveryApproved = (policy: Policy, { id, file, appointed }: ApprovalCase): Approved => ({
  ...{ id, clause: 'CGU-46', policy, roles: approverRoles.recovery, appointed },
  textOf: (terms) => approvalStatement(policy, { id, file }, terms),
})

/** The persons whose approvals count at an instant: none of those concerned, each once, and no two by one key. */
export const approversAt = (policy: Policy, about: ApprovalCase, at: Instant): readonly string[] => {
  const { file, held } = about
  // What the event says beside the signature has to be what was signed.
  const isAsSaid = ({ approver, expiresAt, signed }: Approval): boolean =>
    approver !== undefined &&
    !concerned(file, held, approver) &&
    (signed === undefined || termsOf(signed.statement)?.expiresAt === expiresAt)
  const approvals = liveApprovals(file, at).filter(isAsSaid)
  return countedApprovers(recoveryApproved(policy, about), approvals, at)
}

/** Whether a request stands approved by the quorum at an instant. */
export const quorumOf = (policy: Policy, about: ApprovalCase, at: Instant): boolean =>
  about.file.status === 'requested' && approversAt(policy, about, at).length >= policy.escrow.recoveryQuorum
