// CGU-46, CGU-116: whether an approval is its officer's own, now: by the key that is registered for him, over the text as it is written anew.
// Of a recovery (approvals.ts) or of a destruction (destructionApprovals.ts).
import type { SignedApproval } from '../domain/approval.ts'
import { refuse, type Decision, type Fold, type Instant } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { addHours } from '../domain/policy/dates.ts'
import { appointmentInForce } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { RefusalCode } from '../domain/refusals.ts'
import { signedByKey } from '../pki/approvalSignature.ts'
import { keyCounts, withConfirmers, type Appointed, type Chain } from './approvalKeyChain.ts'
import { termsOf, type ApprovalTerms } from './approvalStatement.ts'
import { sha256 } from './issuing.ts'

/** An approval as an event has it: by the number of a person, absent once its data key has been destroyed. */
type Kept = Readonly<{ approver: string | undefined; signed: SignedApproval | undefined }>

/** The appointments that the approvals of a request or a run name, one more where it is given, and of whoever confirmed their keys. */
export const appointedTo = (
  fold: Fold,
  state: Readonly<{ status: string; approvals?: readonly Pick<Kept, 'signed'>[] }> | undefined,
  more?: string,
): Promise<Appointed> => {
  const named = [...(state?.approvals ?? []).map(({ signed }) => signed?.appointment), more]
  return withConfirmers(
    fold,
    named.flatMap((id) => (id === undefined ? [] : [id])),
  )
}

/** Somebody who signs, by the number of his person, at an instant. */
export type Signing = Readonly<{ person: string; at: Instant }>

/** Why an officer has no key that counts. */
export type NoKey = Extract<RefusalCode, 'APPROVAL_KEY_UNKNOWN' | 'APPROVAL_KEY_UNANCHORED'>

/**
 * The key of an officer in one of these roles, by his appointment, which is in force: confirmed, by a chain that is verified here.
 * @returns SubjectPublicKeyInfo, DER; or why there is none
 */
export const approvalKeyOf = (
  { roles, ...chain }: Chain & Readonly<{ roles: readonly Role[] }>,
  named: string,
  { person, at }: Signing,
): Uint8Array | NoKey => {
  const held = chain.appointed.get(named)
  if (held === undefined || !roles.some((role) => appointmentInForce(held, { person, role, at })))
    return 'APPROVAL_KEY_UNKNOWN'
  const known = 'approvalKey' in held ? held.approvalKey?.publicKey : undefined
  if (known === undefined) return 'APPROVAL_KEY_UNKNOWN'
  return keyCounts(chain, named) ? Buffer.from(known, 'base64') : 'APPROVAL_KEY_UNANCHORED'
}

/** What is approved. */
export type Approved = Readonly<{
  id: string
  clause: 'CGU-46' | 'CGU-116'
  policy: Policy
  /** Whose appointments let him approve it. */
  roles: readonly Role[]
  appointed: Appointed
  /** The text with these terms; undefined once what it is about has been destroyed. */
  textOf: (terms: ApprovalTerms) => string | undefined
}>

/** What keeps a signed approval from counting at an instant, if anything. */
export const signedFault = (
  about: Approved,
  { statement, signature, appointment: named }: SignedApproval,
  signing: Signing,
): Decision<never> | undefined => {
  const { id, clause, textOf } = about
  const spki = approvalKeyOf(about, named, signing)
  if (typeof spki === 'string') return refuse(clause, spki, 'appointment')
  const terms = termsOf(statement)
  if (terms === undefined) return refuse(clause, 'APPROVAL_MALFORMED', 'signedStatement')
  const isHis =
    terms.keySha256 === sha256(spki) && signedByKey(statement, Buffer.from(signature, 'base64'), spki)
  if (!isHis) return refuse(clause, 'APPROVAL_SIGNATURE_INVALID', 'signature')
  const expected = textOf(terms)
  if (expected === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', id)
  if (expected !== statement) return refuse(clause, 'APPROVAL_OF_ANOTHER_REQUEST', id)
  return signing.at < terms.expiresAt ? undefined : refuse(clause, 'APPROVAL_EXPIRED', terms.expiresAt)
}

/** What is given with an approval: signature in base64 of the DER; the appointment that the officer's key is registered on. */
export type GivenApproval = Readonly<{
  statement: string
  signedStatement?: string
  signature?: string
  appointment?: string
}>

/** What an event keeps of a signed approval. */
export type KeptApproval = Readonly<{
  statementSha256: string
  expiresAt: Instant
  signedStatement: string
  signature: string
  appointment: string
}>

/** What was signed says it itself, and for no longer than the policy lets an approval last, in hours. */
const kept = (
  about: Approved,
  { statement: reason, signedStatement, signature, appointment: named }: Required<GivenApproval>,
  signing: Signing,
): KeptApproval | Decision<never> => {
  const { clause, policy } = about
  const given = { statement: signedStatement, signature, appointment: named }
  const fault = signedFault(about, given, signing)
  const terms = termsOf(signedStatement)
  if (fault !== undefined || terms === undefined)
    return fault ?? refuse(clause, 'APPROVAL_MALFORMED', 'signedStatement')
  if (addHours(signing.at, policy.escrow.approvalHours) < terms.expiresAt)
    return refuse(clause, 'APPROVAL_MALFORMED', 'expiresAt')
  if (terms.reason !== reason) return refuse(clause, 'APPROVAL_MALFORMED', 'statement')
  const { expiresAt } = terms
  return {
    statementSha256: sha256(signedStatement),
    expiresAt,
    signedStatement,
    signature,
    appointment: named,
  }
}

/** @returns what is kept of it; undefined where nothing was signed and, by the policy, need not be; or why it is refused */
export const givenApproval = (
  about: Approved,
  given: GivenApproval,
  signing: Signing,
): KeptApproval | Decision<never> | undefined => {
  const { clause, policy } = about
  const { signedStatement, signature, appointment: named } = given
  if (signedStatement === undefined && signature === undefined) {
    if (!policy.escrow.signedApprovals) return undefined
    const key = approvalKeyOf(about, named ?? '', signing)
    return refuse(clause, typeof key === 'string' ? key : 'APPROVAL_NOT_SIGNED', 'signature')
  }
  if (signedStatement === undefined || signature === undefined)
    return refuse(clause, 'APPROVAL_MALFORMED', signature === undefined ? 'signature' : 'signedStatement')
  if (named === undefined) return refuse(clause, 'APPROVAL_KEY_UNKNOWN', 'appointment')
  return kept(about, { ...given, signedStatement, signature, appointment: named }, signing)
}

/** An approval as it counts: by whom, and by which key, where it is signed. */
type Counted = Readonly<{ approver: string; key: string | undefined }>

/** The persons whose approvals count at an instant: signed, where the policy wants it; each once, and no two by one key. */
export const countedApprovers = (
  about: Approved,
  approvals: readonly Kept[],
  at: Instant,
): readonly string[] => {
  const counted: Counted[] = []
  for (const { approver, signed } of approvals) {
    if (approver === undefined) continue
    const counts =
      signed === undefined
        ? !about.policy.escrow.signedApprovals
        : signedFault(about, signed, { person: approver, at }) === undefined
    const key = signed && termsOf(signed.statement)?.keySha256
    const isKnown = counted.some((one) => approver === one.approver || (key !== undefined && key === one.key))
    if (counts && !isKnown) counted.push({ approver, key })
  }
  return counted.map(({ approver }) => approver)
}
