// CGU-116: which approvals of a destruction count, now: each is verified whenever it is counted, as those of a recovery are (approvals.ts).
import { approverRoles } from '../domain/approval.ts'
import type { Destruction, Run, RunApproval } from '../domain/destruction.ts'
import type { Fold, Instant } from '../domain/kernel.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { destructionStatement, termsOf } from './approvalStatement.ts'
import {
  appointedIn,
  eachOnce,
  signedFault,
  type Appointed,
  type Approved,
  type Counted,
} from './signedApproval.ts'

/** A run, and the appointments that its approvals name. */
export type RunCase = Readonly<{ id: string; run: Run; appointed: Appointed }>

/** The appointments that the approvals of a run name, and one more where it is given. */
export const appointedToRun = (fold: Fold, state: Destruction, more?: string): Promise<Appointed> =>
  appointedIn(fold, state.status === 'unknown' ? [] : state.approvals, more)

/** What an officer approves of a run. */
export const destructionApproved = (policy: Policy, { id, run, appointed }: RunCase): Approved => ({
  ...{ id, clause: 'CGU-116', roles: approverRoles.destruction, appointed },
  textOf: (terms) => destructionStatement(policy, { id, run }, terms),
})

const countedAs = (
  policy: Policy,
  about: RunCase,
  { approver, signed }: RunApproval,
  at: Instant,
): Counted | undefined => {
  if (approver === undefined || approver === about.run.proposer) return undefined
  if (signed === undefined) return policy.escrow.signedApprovals ? undefined : { approver, key: undefined }
  const fault = signedFault(destructionApproved(policy, about), signed, { person: approver, at })
  return fault === undefined ? { approver, key: termsOf(signed.statement)?.keySha256 } : undefined
}

/** The persons whose approvals count at an instant: none of them proposed it, each once, and no two by one key. */
export const runApproversAt = (policy: Policy, about: RunCase, at: Instant): readonly string[] =>
  eachOnce(about.run.approvals.map((approval) => countedAs(policy, about, approval, at)))
