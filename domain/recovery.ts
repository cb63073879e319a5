// Recoveries: one request of one person for one escrowed key (CGU-44 to CGU-48).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { signedFields, signedOf, type SignedApproval } from './approval.ts'
import { codec, event, opened, type EventOf } from './event.ts'
import { b, clause, code, h, id, n, sn, t, text, x } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { ground, recoveryEnd, recoveryOutput, role, type RecoveryOutput } from './lists.ts'

const optional = Type.Optional

const RecoveryRequested = event('RecoveryRequested', {
  pub: { serial: sn, key: optional(h), nameMatches: b, inTerm: b, output: recoveryOutput },
  sealed: {
    rec: {
      requesterRole: role,
      ground,
      requester: id,
      // Who typed the request in, when it is not the requester: he is excluded from approving.
      recorder: optional(id),
      represents: optional(text),
      // The appointment that a representative asked under.
      appointment: optional(id),
      // What allows an authority to ask.
      legalBasis: optional(text),
      nameGiven: text,
      evidence: text,
      recipient: id,
      // The certificate that the key is enciphered to, DER, where the output is CMS.
      recipientCertificate: optional(x),
      holderNotice: b,
    },
  },
})
const RecoveryApproved = event('RecoveryApproved', {
  pub: { nth: n, statementSha256: h, expiresAt: t },
  sealed: {
    rec: {
      approver: id,
      statement: text,
      ...signedFields,
    },
  },
})
const RecoveryRejected = event('RecoveryRejected', {
  pub: { cause: code, clause },
  sealed: { rec: { note: optional(text), decider: id } },
})
const RecoveryClosed = event('RecoveryClosed', { pub: { cause: recoveryEnd } })
const RecoveryDelivered = event('RecoveryDelivered', {
  pub: { outputSha256: optional(h) },
  sealed: { rec: { receipt: text } },
})

export const recoveryForms = [
  RecoveryRequested,
  RecoveryApproved,
  RecoveryRejected,
  RecoveryClosed,
  RecoveryDelivered,
] as const
export type RecoveryEvent = EventOf<(typeof recoveryForms)[number]>

/** One approval; `approver` is a person number, absent once the request's data key has been destroyed. */
export type Approval = Readonly<{
  approver: string | undefined
  expiresAt: string
  /** Absent where he has signed nothing, and once the data key has been destroyed. */
  signed: SignedApproval | undefined
}>
/** All that was asked, as it was recorded: an approval is for this and for nothing else. */
export type Asked = Extract<RecoveryEvent, { type: 'RecoveryRequested' }>['data']
export type RecoveryFile = Readonly<{
  status: 'requested' | 'rejected' | 'closed' | 'delivered'
  serial: string
  key: string | undefined
  requester: string | undefined
  recorder: string | undefined
  recipient: string | undefined
  /** Whether the holder is told; absent once the request's data key has been destroyed. */
  holderNotice: boolean | undefined
  output: RecoveryOutput
  /** Base64; absent for another output, and once the request's data key has been destroyed. */
  recipientCertificate: string | undefined
  asked: Asked
  approvals: readonly Approval[]
}>
export type Recovery = Readonly<{ status: 'unknown' }> | RecoveryFile

type Approved = Extract<RecoveryEvent, { type: 'RecoveryApproved' }>['data']

const approvalOf = (data: Approved): Approval => ({
  approver: opened(data.approver),
  expiresAt: data.expiresAt,
  signed: signedOf(data),
})

const evolve = (state: Recovery, { type, data }: RecoveryEvent): Recovery => {
  if (type === 'RecoveryRequested')
    return {
      status: 'requested',
      serial: data.serial,
      key: data.key,
      requester: opened(data.requester),
      recorder: opened(data.recorder),
      recipient: opened(data.recipient),
      holderNotice: opened(data.holderNotice),
      output: data.output,
      recipientCertificate: opened(data.recipientCertificate),
      asked: data,
      approvals: [],
    }
  if (state.status === 'unknown') throw new Error(`${type} before RecoveryRequested`)
  switch (type) {
    case 'RecoveryApproved':
      return { ...state, approvals: [...state.approvals, approvalOf(data)] }
    case 'RecoveryRejected':
      return { ...state, status: 'rejected' }
    case 'RecoveryClosed':
      return { ...state, status: 'closed' }
    case 'RecoveryDelivered':
      return { ...state, status: 'delivered' }
    default:
      return unreachable(type)
  }
}

export const recovery: Aggregate<Recovery, RecoveryEvent> = {
  name: 'recovery',
  initial: { status: 'unknown' },
  evolve,
  ...codec(recoveryForms),
  units: (id) => ({ rec: id }),
}
