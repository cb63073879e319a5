// Recovery on request: asked, approved by two officers, delivered once (CGU-44 to CGU-48, domain/policy/recovery.ts).
import { certificate, type Certificate } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Instant } from '../domain/kernel.ts'
import { key, type Key } from '../domain/key.ts'
import type { Ground, Role } from '../domain/lists.ts'
import { addHours } from '../domain/policy/dates.ts'
import { sameName } from '../domain/policy/names.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { groundFits, mayAskRecovery } from '../domain/policy/recovery.ts'
import { escrowRuns } from '../domain/policy/validity.ts'
import { recovery, type Recovery, type RecoveryEvent, type RecoveryFile } from '../domain/recovery.ts'

export type RequestRecovery = Command<
  'RequestRecovery',
  {
    recovery: string
    serial: string
    nameGiven: string
    requesterRole: Role
    requester: string
    represents?: string
    ground: Ground
    evidence: string
    holderNotice: boolean
  }
>
export type ApproveRecovery = Command<
  'ApproveRecovery',
  { recovery: string; statement: string; statementSha256: string }
>
export type RejectRecovery = Command<'RejectRecovery', { recovery: string; cause: string; note?: string }>
export type DeliverRecovery = Command<'DeliverRecovery', { recovery: string; receipt: string }>

type Subject = Readonly<{ certificate: Certificate; key: Key }>

const stream = ({ data }: { data: { recovery: string } }): string => data.recovery

const notEntitled = ({ data, by }: RequestRecovery, subject: Subject): Decision<never> | undefined => {
  if (data.nameGiven.trim() === '' || data.serial === '')
    return refuse('CGU-44', 'IDENTIFIER_INCOMPLETE', 'name')
  if (!mayAskRecovery(data.requesterRole) || (data.requesterRole === 'holder') !== (by.role === 'holder'))
    return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', data.requesterRole)
  if (!groundFits(data.requesterRole, data.ground))
    return refuse('CGU-46', 'RECOVERY_GROUND_MISSING', 'ground')
  return by.role === 'holder' ? notOwnKey(by.person, data.requester, subject.key) : undefined
}

const notOwnKey = (person: string, requester: string, held: Key): Decision<never> | undefined =>
  requester === person && (!('person' in held) || held.person === person)
    ? undefined
    : refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', 'serial')

/** CGU-44, CGU-48: what makes the request fail as soon as it is made. */
const failing = (nameMatches: boolean, inTerm: boolean) => {
  if (!nameMatches) return { cause: 'IDENTIFIER_MISMATCH', clause: 'CGU-44' } as const
  return inTerm ? undefined : ({ cause: 'ESCROW_TERM_ENDED', clause: 'CGU-48' } as const)
}

const escrowed = (subject: Key): Extract<Key, { status: 'kept' | 'recovering' }> | undefined =>
  subject.status === 'kept' || subject.status === 'recovering' ? subject : undefined

export const requestRecovery: Decider<Recovery, RequestRecovery, RecoveryEvent, Subject> = {
  type: 'RequestRecovery',
  who: ['holder', 'recoveryOfficer'],
  aggregate: recovery,
  stream,
  facts: async (fold, { data }) => {
    const signed = await fold(certificate, data.serial)
    const subject = 'spkiSha256' in signed ? await fold(key, signed.spkiSha256) : key.initial
    return { certificate: signed, key: subject }
  },
  decide: (command, state, subject) => {
    const { data, by, at } = command
    if (state.status !== 'unknown') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    const refusal = notEntitled(command, subject)
    if (refusal) return refusal
    const kept = escrowed(subject.key)
    const nameMatches = kept?.holderName !== undefined && sameName(kept.holderName, data.nameGiven)
    const inTerm = kept !== undefined && escrowRuns(kept.until, at)
    const failed = failing(nameMatches, inTerm)
    const { recovery: _, serial, ...asked } = data
    return accept<RecoveryEvent>(
      {
        type: 'RecoveryRequested',
        data: {
          serial,
          ...('spkiSha256' in subject.certificate ? { key: subject.certificate.spkiSha256 } : {}),
          nameMatches,
          inTerm,
          output: 'pkcs12',
          ...asked,
          recipient: data.requester,
          recorder: by.person,
        },
      },
      ...(failed === undefined
        ? []
        : [{ type: 'RecoveryRejected' as const, data: { ...failed, decider: by.person } }]),
    )
  },
}

const live = (state: Recovery): state is RecoveryFile => state.status === 'requested'

/** Nobody approves for himself: requester, recorder, recipient and holder are other persons than the approver (CGU-04). */
const concerned = (file: RecoveryFile, holder: Key, person: string): boolean =>
  [file.requester, file.recorder, file.recipient, 'person' in holder ? holder.person : undefined].includes(
    person,
  )

export const approveRecovery = (policy: Policy): Decider<Recovery, ApproveRecovery, RecoveryEvent, Key> => ({
  type: 'ApproveRecovery',
  who: ['recoveryOfficer'],
  aggregate: recovery,
  stream,
  facts: async (fold, _, state) =>
    state.status === 'unknown' || state.key === undefined ? key.initial : await fold(key, state.key),
  decide: ({ data: { recovery: _, ...data }, by, at }, state, holder) => {
    if (!live(state)) return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (concerned(state, holder, by.person)) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    if (countedBefore(state, by.person, at)) return refuse('CGU-46', 'APPROVER_ALREADY_COUNTED', by.role)
    const kept = escrowed(holder)
    if (kept === undefined || !escrowRuns(kept.until, at))
      return refuse('CGU-48', 'ESCROW_TERM_ENDED', 'escrow')
    return accept({
      type: 'RecoveryApproved',
      data: {
        nth: state.approvals.length + 1,
        ...data,
        approver: by.person,
        expiresAt: addHours(at, policy.escrow.approvalHours),
      },
    })
  },
})

const countedBefore = (file: RecoveryFile, person: string, at: Instant): boolean =>
  file.approvals.some(({ approver, expiresAt }) => approver === person && at < expiresAt)

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

/** Delivered once, and only to whom it was recovered for, or through an officer who hands it over. */
export const deliverRecovery: Decider<Recovery, DeliverRecovery, RecoveryEvent, Key> = {
  type: 'DeliverRecovery',
  who: ['recoveryOfficer', 'holder'],
  aggregate: recovery,
  stream,
  facts: async (fold, _, state) =>
    state.status === 'unknown' || state.key === undefined ? key.initial : await fold(key, state.key),
  decide: ({ data, by }, state, subject) => {
    if (!live(state)) return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (by.role === 'holder' && by.person !== state.recipient)
      return refuse('CGU-47', 'RECOVERY_REQUESTER_NOT_ENTITLED', by.role)
    const output = outputOf(subject, data.recovery)
    if (output === undefined) return refuse('CGU-46', 'RECOVERY_NOT_APPROVED', data.recovery)
    return accept({ type: 'RecoveryDelivered', data: { outputSha256: output, receipt: data.receipt } })
  },
}

/** The digest that the key's own stream names as this recovery's output: only these bytes are ever released. */
export const outputOf = (subject: Key, id: string): string | undefined =>
  subject.status === 'kept' || subject.status === 'recovering'
    ? subject.recovered.findLast((done) => done.recovery === id)?.outputSha256
    : undefined
