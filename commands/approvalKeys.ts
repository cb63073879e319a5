// CGU-46, CGU-116: the key of an officer who approves recoveries or destructions, by which his approvals are verified. He registers it himself, with a signature that shows
// that he holds it; the security officer confirms it (confirmApprovalKey.ts), and only then does it count. A new key takes the place of the
// old one in the same two steps.
import {
  appointment,
  everConfirmed,
  type ApprovalKey,
  type Appointment,
  type AppointmentEvent,
} from '../domain/appointment.ts'
import { approverRoles } from '../domain/approval.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Fold } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { rolesFor } from '../domain/policy/duties.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { approvalCertificateFault, approvalKeyFault, signedByKey } from '../pki/approvalSignature.ts'
import { fingerprint } from './approvalKeyChain.ts'
import { keyStatement } from './approvalStatement.ts'

/** About the key of an appointment. */
export type OfAppointment<T> = {
  appointment: string
  /** The appointments of those who approve, as the read model knows them: judged on the ledger. */
  others?: readonly string[]
} & T

export type RegisterApprovalKey = Command<
  'RegisterApprovalKey',
  OfAppointment<{
    /** SubjectPublicKeyInfo, DER in base64. */
    publicKey: string
    /** DER in base64, where he shows his key by one. */
    certificate?: string
    /** His signature over `keyStatement`, DER in base64. */
    proof: string
  }>
>

type Known = Exclude<Appointment, { status: 'unknown' }>

/** The appointments of the others who approve. */
export const foldOthers = (
  fold: Fold,
  { data: { appointment: own, others = [] } }: Readonly<{ data: OfAppointment<object> }>,
): Promise<readonly Appointment[]> =>
  Promise.all(others.filter((id) => id !== own).map((id) => fold(appointment, id)))

/** Who has a key to approve with. */
export const rolesWithKey: readonly Role[] = Object.values(approverRoles).flat()

/** CGU-46: two approvals are two persons', so no key is two persons'. */
export const taken = (
  { person }: Known,
  publicKey: string,
  others: readonly Appointment[],
): Decision<never> | undefined => {
  const isTaken = others.some(
    (other) =>
      other.status !== 'unknown' &&
      other.person !== person &&
      [other.approvalKey, other.keyOffered].some((key) => key?.publicKey === publicKey),
  )
  return isTaken ? refuse('CGU-46', 'APPROVAL_KEY_TAKEN', 'publicKey') : undefined
}

const newestOf = ({ keyOffered, approvalKey }: Known): ApprovalKey | undefined => keyOffered ?? approvalKey

/** Behind all that there were, whatever stands in the ledger: the last by its number is the one that counts. */
const nextNth = (state: Known): number =>
  everConfirmed(state).reduce((most, { nth }) => Math.max(most, nth), state.keyOffered?.nth ?? 0) + 1

const unusable = (why: string): Decision<never> => refuse('CGU-46', 'APPROVAL_KEY_UNUSABLE', why)

const unproven = ({ data, at }: RegisterApprovalKey, policy: Policy): Decision<never> | undefined => {
  const spki = Buffer.from(data.publicKey, 'base64')
  const fault =
    approvalKeyFault(spki) ??
    (data.certificate === undefined
      ? undefined
      : approvalCertificateFault(Buffer.from(data.certificate, 'base64'), spki, at))
  if (fault !== undefined) return unusable(fault)
  const shown = keyStatement(policy, data.appointment, fingerprint(data.publicKey))
  return signedByKey(shown, Buffer.from(data.proof, 'base64'), spki) ? undefined : unusable('proof')
}

export const registerApprovalKey = (
  policy: Policy,
): Decider<Appointment, RegisterApprovalKey, AppointmentEvent, readonly Appointment[]> => ({
  type: 'RegisterApprovalKey',
  who: rolesFor('RegisterApprovalKey'),
  aggregate: appointment,
  stream: ({ data }) => data.appointment,
  facts: foldOthers,
  decide: (command, state, others) => {
    const { data, by, at } = command
    if (state.status === 'unknown') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    const isHis = (role: Role): boolean => appointmentInForce(state, { person: by.person, role, at })
    if (!rolesWithKey.some(isHis)) return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
    const { publicKey, proof, certificate } = data
    if (newestOf(state)?.publicKey === publicKey) return accept()
    const registered = { nth: nextNth(state), publicKey, proof }
    return (
      unproven(command, policy) ??
      taken(state, publicKey, others) ??
      accept({
        type: 'ApprovalKeyRegistered',
        data: certificate === undefined ? registered : { ...registered, certificate },
      })
    )
  },
})
