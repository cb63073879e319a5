// CGU-116: which approvals of a destruction count, now: each is verified whenever it is counted, as those of a recovery are (approvals.ts).
import { approverRoles } from '../domain/approval.ts'
import type { Run } from '../domain/destruction.ts'
import type { Instant } from '../domain/kernel.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { destructionStatement } from './approvalStatement.ts'
import { countedApprovers, type Approved } from './signedApproval.ts'

/** A run, and the appointments that its approvals name. */
export type RunCase = Readonly<{ id: string; run: Run; appointed: Appointed }>

/** What an officer approves of a run. */
export const destructionApproved = (policy: Policy, { id, run, appointed }: RunCase): Approved => ({
  ...{ id, clause: 'CGU-116', policy, roles: approverRoles.destruction, appointed },
  textOf: (terms) => destructionStatement(policy, { id, run }, terms),
})

/** The persons whose approvals count at an instant: none of them proposed it, each once, and no two by one key. */
export const runApproversAt = (policy: Policy, about: RunCase, at: Instant): readonly string[] => {
  const approvals = about.run.approvals.filter(({ approver }) => approver !== about.run.proposer)
  return countedApprovers(destructionApproved(policy, about), approvals, at)
}
