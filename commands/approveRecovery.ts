// CGU-46: an officer approves a recovery, by his own signature over all that was asked: the reason, the legal ground, the scope and
// the end of his approval are in what he signs, and the service cannot write it for him (docs/adr/0022-dual-control.md).
import {
  accept,
  refuse,
  type Actor,
  type Command,
  type Decider,
  type Decision,
  type Instant,
} from '../domain/kernel.ts'
import { escrowed, type Key } from '../domain/key.ts'
import { addHours } from '../domain/policy/dates.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import { recovery, type Recovery, type RecoveryEvent } from '../domain/recovery.ts'
import {
  appointedTo,
  approvalFault,
  approvalKeyOf,
  approversAt,
  type Appointed,
  type ApprovalCase,
} from './approvals.ts'
import { termsOf } from './approvalStatement.ts'
import { sha256 } from './issuing.ts'
import { keyOf } from './recoveries.ts'

export type ApproveRecovery = Command<
  'ApproveRecovery',
  {
    recovery: string
    /** His reason: where he signs, the one that he has signed. */
    statement: string
    /** What he has signed, and his signature, DER in base64. */
    signedStatement?: string
    signature?: string
    /** His appointment as a recovery officer, which his key is registered on. */
    appointment?: string
  }
>

type Facts = Readonly<{ held: Key; appointed: Appointed }>
type Approved = Extract<RecoveryEvent, { type: 'RecoveryApproved' }>['data']
type Given = ApproveRecovery['data']

/** What the event says of an approval, beside its number and its officer. */
type Terms = Omit<Approved, 'nth' | 'approver'>

const unsigned = (
  { data: { statement, appointment = '' }, by, at }: ApproveRecovery,
  { appointed }: ApprovalCase,
  { escrow }: Policy,
): Terms | Decision<never> => {
  const isKnown = approvalKeyOf(appointed.get(appointment), by.person, at) !== undefined
  if (escrow.signedApprovals)
    return refuse('CGU-46', isKnown ? 'APPROVAL_NOT_SIGNED' : 'APPROVAL_KEY_UNKNOWN', 'signature')
  return { statement, statementSha256: sha256(statement), expiresAt: addHours(at, escrow.approvalHours) }
}

/** What was signed says it itself, and for no longer than the policy lets an approval last. */
const signed = (
  given: Required<Given>,
  about: ApprovalCase,
  { by, at }: Readonly<{ by: Actor; at: Instant }>,
  policy: Policy,
): Terms | Decision<never> => {
  const { signedStatement, signature, appointment } = given
  const fault = approvalFault(
    policy,
    about,
    { statement: signedStatement, signature, appointment },
    { person: by.person, at },
  )
  const terms = termsOf(signedStatement)
  if (fault !== undefined || terms === undefined)
    return fault ?? refuse('CGU-46', 'APPROVAL_MALFORMED', 'signedStatement')
  if (addHours(at, policy.escrow.approvalHours) < terms.expiresAt)
    return refuse('CGU-46', 'APPROVAL_MALFORMED', 'expiresAt')
  if (terms.reason !== given.statement) return refuse('CGU-46', 'APPROVAL_MALFORMED', 'statement')
  const { reason: statement, expiresAt } = terms
  const kept = { signedStatement, signature, appointment }
  return { statement, statementSha256: sha256(signedStatement), expiresAt, ...kept }
}

const termsFor = (command: ApproveRecovery, about: ApprovalCase, policy: Policy): Terms | Decision<never> => {
  const { signedStatement, signature, appointment } = command.data
  if (signedStatement === undefined && signature === undefined) return unsigned(command, about, policy)
  if (signedStatement === undefined || signature === undefined)
    return refuse('CGU-46', 'APPROVAL_MALFORMED', signature === undefined ? 'signature' : 'signedStatement')
  if (appointment === undefined) return refuse('CGU-46', 'APPROVAL_KEY_UNKNOWN', 'appointment')
  return signed({ ...command.data, signedStatement, signature, appointment }, about, command, policy)
}

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
    const terms = termsFor(command, about, policy)
    if ('refused' in terms || 'accepted' in terms) return terms
    const approver = by.person
    return accept({ type: 'RecoveryApproved', data: { nth: state.approvals.length + 1, approver, ...terms } })
  },
})
