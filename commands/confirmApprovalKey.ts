// CGU-46, CGU-116: the security officer, who has seen the fingerprint of an officer's key in his hands, confirms it, by his own signature:
// the server cannot confirm a key for him. A key that the policy names needs none; nor does any, where the policy names no key.
import {
  appointment,
  type Appointment,
  type ApprovalKey,
  type AppointmentEvent,
} from '../domain/appointment.ts'
import {
  accept,
  refuse,
  type Actor,
  type Command,
  type Decider,
  type Decision,
  type Instant,
} from '../domain/kernel.ts'
import { rolesFor } from '../domain/policy/duties.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { signedByKey } from '../pki/approvalSignature.ts'
import {
  fingerprint,
  isAnchor,
  keyCounts,
  needsNoSignature,
  toConfirm,
  withConfirmers,
  type Appointed,
} from './approvalKeyChain.ts'
import { foldOthers, taken, type OfAppointment } from './approvalKeys.ts'
import { confirmationStatement, type KeyToConfirm } from './approvalStatement.ts'
import { sha256 } from './issuing.ts'
import { approvalKeyOf } from './signedApproval.ts'

/**
 * @property keySha256 the fingerprint that the security officer has seen: SHA-256 of the key's DER
 * @property confirmerAppointment the appointment that his own key is registered on
 * @property signature his signature over `confirmationStatement`, DER in base64
 */
export type ConfirmApprovalKey = Command<
  'ConfirmApprovalKey',
  OfAppointment<{ keySha256: string; confirmerAppointment?: string; signature?: string }>
>

type Facts = Readonly<{ others: readonly Appointment[]; appointed: Appointed }>
type Known = Exclude<Appointment, { status: 'unknown' }>
type Signed = Readonly<{ confirmerAppointment: string; confirmerKey: string; signature: string }>

/** What is to be confirmed of an appointment: the key that waits, or once more the one that serves. */
export const keyToConfirm = (held: Appointment): ApprovalKey | undefined =>
  held.status === 'unknown' ? undefined : (held.keyOffered ?? held.approvalKey)

/** Who confirms, by which appointment of his. */
type Confirmer = Readonly<{ by: Actor; at: Instant; confirmerAppointment: string }>

/** What is confirmed, by whom, and the text that he signs for it. */
type ToSign = Readonly<{
  about: KeyToConfirm
  confirmer: Readonly<{ appointment: string; keySha256: string }>
  text: string
  spki: Uint8Array
}>

type Held = Readonly<{ id: string; held: Appointment; appointed: Appointed }>

/** What a security officer signs to confirm the key of an appointment; or why he cannot. */
export const confirmationFor = (
  policy: Policy,
  { id, held, appointed }: Held,
  { by, at, confirmerAppointment }: Confirmer,
): ToSign | Decision<never> => {
  const key = keyToConfirm(held)
  const about = held.status === 'unknown' || key === undefined ? undefined : toConfirm(id, held, key)
  if (about === undefined) return refuse('CGU-46', 'OUT_OF_ORDER', 'approvalKey')
  const self = notForOneself(by, about.person)
  if (self !== undefined) return self
  const judged = { policy, appointed, roles: ['securityOfficer'] as const }
  const spki = approvalKeyOf(judged, confirmerAppointment, { person: by.person, at })
  if (typeof spki === 'string') return refuse('CGU-46', spki, 'confirmerAppointment')
  const confirmer = { appointment: confirmerAppointment, keySha256: sha256(spki) }
  return { about, confirmer, text: confirmationStatement(policy, about, confirmer), spki }
}

/** What the event keeps of his signature: nothing, where none is given and none is needed. */
const signedBy = (
  policy: Policy,
  { data, by, at }: ConfirmApprovalKey,
  { held, key, appointed }: Readonly<{ held: Known; key: ApprovalKey; appointed: Appointed }>,
): Partial<Signed> | Decision<never> => {
  const { appointment: id, confirmerAppointment = '', signature } = data
  if (signature === undefined)
    return needsNoSignature(policy) || isAnchor(policy, { id, held, key })
      ? {}
      : refuse('CGU-46', 'APPROVAL_KEY_CONFIRMATION_UNSIGNED', 'signature')
  const found = confirmationFor(policy, { id, held, appointed }, { by, at, confirmerAppointment })
  if ('refused' in found || 'accepted' in found) return found
  const confirmerKey = found.confirmer.keySha256
  return signedByKey(found.text, Buffer.from(signature, 'base64'), found.spki)
    ? { confirmerAppointment, confirmerKey, signature }
    : refuse('CGU-46', 'APPROVAL_KEY_CONFIRMATION_UNVERIFIED', 'signature')
}

/** Why the fingerprint is not of a key that is to be confirmed; or the key. */
const seen = (
  held: Known,
  keySha256: string,
): (ApprovalKey & Readonly<{ publicKey: string }>) | Decision<never> => {
  const key = keyToConfirm(held)
  if (key?.publicKey !== undefined && fingerprint(key.publicKey) === keySha256)
    return { ...key, publicKey: key.publicKey }
  return held.keyOffered?.publicKey === undefined
    ? refuse('CGU-46', 'OUT_OF_ORDER', 'approvalKey')
    : refuse('CGU-46', 'APPROVAL_KEY_DIFFERS', 'keySha256')
}

export const confirmApprovalKey = (
  policy: Policy,
): Decider<Appointment, ConfirmApprovalKey, AppointmentEvent, Facts> => ({
  type: 'ConfirmApprovalKey',
  who: rolesFor('ConfirmApprovalKey'),
  aggregate: appointment,
  stream: ({ data }) => data.appointment,
  facts: async (fold, command) => {
    const { appointment: own, confirmerAppointment } = command.data
    const named = confirmerAppointment === undefined ? [own] : [own, confirmerAppointment]
    return { others: await foldOthers(fold, command), appointed: await withConfirmers(fold, named) }
  },
  decide: (command, state, { others, appointed }) => {
    const { data, by } = command
    if (state.status !== 'inForce') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    if (state.person === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'person')
    const self = notForOneself(by, state.person)
    if (self !== undefined) return self
    const key = seen(state, data.keySha256)
    if (!('nth' in key)) return key
    if (state.keyOffered === undefined && keyCounts({ policy, appointed }, data.appointment)) return accept()
    const signed =
      taken(state, key.publicKey, others) ?? signedBy(policy, command, { held: state, key, appointed })
    if ('refused' in signed || 'accepted' in signed) return signed
    return accept({
      type: 'ApprovalKeyConfirmed',
      data: { nth: key.nth, confirmer: by.person, ...signed },
    })
  },
})
