// CGU-46: an approved recovery is carried out for an officer whom it does not concern. He is judged here; what is then done
// stands in the stream of the key (recoverKey.ts).
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { escrowed, type Key } from '../domain/key.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { quorumOf } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import { recovery, type Recovery, type RecoveryEvent } from '../domain/recovery.ts'
import { concerned, keyOf, outputOf } from './recoveries.ts'

export type ExecuteRecovery = Command<'ExecuteRecovery', { recovery: string }>

/** Writes nothing itself. CGU-04: without a certificate to encipher to, whoever executes knows the passphrase of the file. */
export const executeRecovery = (policy: Policy): Decider<Recovery, ExecuteRecovery, RecoveryEvent, Key> => ({
  type: 'ExecuteRecovery',
  who: ['recoveryOfficer'],
  aggregate: recovery,
  stream: ({ data }) => data.recovery,
  facts: (fold, _, state) => keyOf(fold, state),
  decide: ({ data, by, at }, state, holder) => {
    if (state.status !== 'requested') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (concerned(state, holder, by.person)) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    if (outputOf(holder, data.recovery) !== undefined) return accept()
    const kept = escrowed(holder)
    if (kept === undefined || !escrowRuns(kept.until, at))
      return refuse('CGU-48', 'ESCROW_TERM_ENDED', 'escrow')
    return quorumOf(state, policy, at) ? accept() : refuse('CGU-46', 'RECOVERY_NOT_APPROVED', data.recovery)
  },
})
