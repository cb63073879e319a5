// CGU-46: an approved recovery is carried out for an officer whom it does not concern. He is judged here; what is then done
// stands in the stream of the key (recoverKey.ts).
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { escrowed, type Key } from '../domain/key.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import { recovery, type Recovery, type RecoveryEvent } from '../domain/recovery.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { quorumOf } from './approvals.ts'
import { keyOf, outputOf } from './recoveries.ts'
import { appointedTo } from './signedApproval.ts'

export type ExecuteRecovery = Command<'ExecuteRecovery', { recovery: string }>

/** Writes nothing itself. CGU-04: without a certificate to encipher to, whoever executes is told the passphrase of the file. */
type Facts = Readonly<{ held: Key; appointed: Appointed }>

export const executeRecovery = (
  policy: Policy,
): Decider<Recovery, ExecuteRecovery, RecoveryEvent, Facts> => ({
  type: 'ExecuteRecovery',
  who: ['recoveryOfficer'],
  aggregate: recovery,
  stream: ({ data }) => data.recovery,
  facts: async (fold, _, state) => ({
    held: await keyOf(fold, state),
    appointed: await appointedTo(fold, state),
  }),
  decide: ({ data, by, at }, state, { held, appointed }) => {
    if (state.status !== 'requested') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (concerned(state, held, by.person)) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    if (outputOf(held, data.recovery) !== undefined) return accept()
    const kept = escrowed(held)
    if (kept === undefined || !escrowRuns(kept.until, at))
      return refuse('CGU-48', 'ESCROW_TERM_ENDED', 'escrow')
    const about = { id: data.recovery, file: state, held, appointed }
    return quorumOf(policy, about, at) ? accept() : refuse('CGU-46', 'RECOVERY_NOT_APPROVED', data.recovery)
  },
})
