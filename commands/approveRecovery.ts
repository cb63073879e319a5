// CGU-46: an officer approves a recovery, by his own signature over all that was asked: the reason, the legal ground, the scope and
// the end of his approval are in what he signs, and the service cannot write it for him (docs/adr/0022-dual-control.md).
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { escrowed, type Key } from '../domain/key.ts'
import { addHours } from '../domain/policy/dates.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import { recovery, type Recovery, type RecoveryEvent } from '../domain/recovery.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { approversAt, recoveryApproved } from './approvals.ts'
import { sha256 } from './issuing.ts'
import { keyOf } from './recoveries.ts'
import { appointedTo, givenApproval, type GivenApproval } from './signedApproval.ts'

/** `statement`: his reason, where he signs the one that he has signed. */
export type ApproveRecovery = Command<'ApproveRecovery', Readonly<{ recovery: string }> & GivenApproval>

type Facts = Readonly<{ held: Key; appointed: Appointed }>

export const approveRecovery = (
  policy: Policy,
): Decider<Recovery, ApproveRecovery, RecoveryEvent, Facts> => ({
  type: 'ApproveRecovery',
  who: ['recoveryOfficer'],
  aggregate: recovery,
  stream: ({ data }) => data.recovery,
  facts: async (fold, { data }, state) => ({
    held: await keyOf(fold, state),
    appointed: await appointedTo(fold, state, data.appointment),
  }),
  decide: (command, state, { held, appointed }) => {
    const { data, by, at } = command
    if (state.status !== 'requested') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (concerned(state, held, by.person)) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    const about = { id: data.recovery, file: state, held, appointed }
    if (approversAt(policy, about, at).includes(by.person))
      return refuse('CGU-46', 'APPROVER_ALREADY_COUNTED', by.role)
    const kept = escrowed(held)
    if (kept === undefined || !escrowRuns(kept.until, at))
      return refuse('CGU-48', 'ESCROW_TERM_ENDED', 'escrow')
    const given = givenApproval(recoveryApproved(policy, about), data, { person: by.person, at })
    if (given !== undefined && ('refused' in given || 'accepted' in given)) return given
    const { statement } = data
    const unsigned = {
      statementSha256: sha256(statement),
      expiresAt: addHours(at, policy.escrow.approvalHours),
    }
    const approval = { nth: state.approvals.length + 1, approver: by.person, statement }
    return accept({ type: 'RecoveryApproved', data: { ...approval, ...(given ?? unsigned) } })
  },
})
