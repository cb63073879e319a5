// Recovery on request, once it has been asked for (commands/requestRecovery.ts) and approved by two officers
// (commands/approveRecovery.ts): rejected, closed, or delivered once (CGU-44 to CGU-48, domain/policy/recovery.ts).
import {
  accept,
  refuse,
  type Actor,
  type Command,
  type Decider,
  type Decision,
  type Fold,
} from '../domain/kernel.ts'
import { escrowed, isUnder, key, type Key, type Recovered } from '../domain/key.ts'
import { approvalsLapsed, isPartyTo } from '../domain/policy/recovery.ts'
import { recovery, type Recovery, type RecoveryEvent, type RecoveryFile } from '../domain/recovery.ts'

export type RejectRecovery = Command<'RejectRecovery', { recovery: string; cause: string; note?: string }>
export type CloseRecovery = Command<'CloseRecovery', { recovery: string; cause: 'withdrawn' | 'expired' }>
export type DeliverRecovery = Command<'DeliverRecovery', { recovery: string; receipt: string }>

const stream = ({ data }: { data: { recovery: string } }): string => data.recovery

/** The key that a request is for. */
export const keyOf = async (fold: Fold, state: Recovery): Promise<Key> =>
  state.status === 'unknown' || state.key === undefined ? key.initial : await fold(key, state.key)

const live = (state: Recovery): state is RecoveryFile => state.status === 'requested'

export const rejectRecovery: Decider<Recovery, RejectRecovery, RecoveryEvent> = {
  type: 'RejectRecovery',
  who: ['recoveryOfficer'],
  aggregate: recovery,
  stream,
  decide: ({ data: { recovery: _, ...data }, by }, state) => {
    if (state.status === 'rejected') return accept()
    if (!live(state)) return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'RecoveryRejected', data: { ...data, clause: 'CGU-46', decider: by.person } })
  },
}

/** Withdrawn by whoever asked, or by an officer for him. */
const withdrawn = ({ by }: CloseRecovery, { requester }: RecoveryFile): Decision<RecoveryEvent> =>
  by.role === 'holder' && by.person !== requester
    ? refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', by.role)
    : accept({ type: 'RecoveryClosed', data: { cause: 'withdrawn' } })

/** CGU-46: approvals that have ended leave nothing to wait for, unless the key has left the escrow under them. */
const expired = ({ data, by, at }: CloseRecovery, file: RecoveryFile, held: Key): Decision<RecoveryEvent> => {
  if (by.role !== 'program') return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
  const underWay = isUnder(held, { recovery: data.recovery }) || outputOf(held, data.recovery) !== undefined
  if (underWay || !approvalsLapsed(file, at)) return refuse('CGU-46', 'OUT_OF_ORDER', file.status)
  return accept({ type: 'RecoveryClosed', data: { cause: 'expired' } })
}

export const closeRecovery: Decider<Recovery, CloseRecovery, RecoveryEvent, Key> = {
  type: 'CloseRecovery',
  who: ['holder', 'recoveryOfficer', 'program'],
  aggregate: recovery,
  stream,
  facts: (fold, _, state) => keyOf(fold, state),
  decide: (command, state, held) => {
    if (state.status === 'closed') return accept()
    if (!live(state)) return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    return command.data.cause === 'withdrawn' ? withdrawn(command, state) : expired(command, state, held)
  },
}

/** CGU-04: where no certificate was named, whoever has executed the recovery knows the passphrase: another one hands it over. */
const knows = (
  { output }: RecoveryFile,
  subject: Key,
  { recovery: id }: DeliverRecovery['data'],
  by: Actor,
): boolean => output === 'pkcs12' && lastOutput(subject, id)?.executor === by.person

/** Delivered once, and only to whom it was recovered for, or through an officer who hands it over. */
export const deliverRecovery: Decider<Recovery, DeliverRecovery, RecoveryEvent, Key> = {
  type: 'DeliverRecovery',
  who: ['recoveryOfficer', 'holder'],
  aggregate: recovery,
  stream,
  facts: (fold, _, state) => keyOf(fold, state),
  decide: ({ data, by }, state, subject) => {
    if (!live(state)) return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (by.role === 'holder' && by.person !== state.recipient)
      return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', by.role)
    if (by.role !== 'holder' && (isPartyTo(state, subject, by.person) || knows(state, subject, data, by)))
      return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    const output = outputOf(subject, data.recovery)
    if (output === undefined) return refuse('CGU-46', 'RECOVERY_NOT_APPROVED', data.recovery)
    return accept({ type: 'RecoveryDelivered', data: { outputSha256: output, receipt: data.receipt } })
  },
}

/** The digest that the key's own stream names as this recovery's output: only these bytes are ever released. */
export const outputOf = (subject: Key, id: string): string | undefined =>
  lastOutput(subject, id)?.outputSha256

/** The last execution of a recovery that came to its end. */
export const lastOutput = (subject: Key, id: string): Recovered | undefined =>
  escrowed(subject)?.recovered.findLast((done) => done.recovery === id)
