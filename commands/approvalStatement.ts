// CGU-46, CGU-116: what an officer approves, as the one text that he signs: which key leaves the escrow, for whom, who asks and on what
// ground, or which list of units is destroyed, and under which visa; why he approves it and until when. The text is canonical JSON
// (RFC 8785): whoever checks it later writes it anew from what was asked and compares the octets.
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { opened } from '../domain/event.ts'
import { h, t, text } from '../domain/fields.ts'
import type { Run } from '../domain/destruction.ts'
import type { Json } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Asked, RecoveryFile } from '../domain/recovery.ts'
import { canonical } from '../ledger/canonical.ts'
import { sha256 } from './issuing.ts'

type Place = Pick<Policy, 'environment' | 'log'>

const forms = ['grand-livre/recovery-approval/1', 'grand-livre/destruction-approval/1'] as const
const [recoveryForm, destructionForm] = forms
const keyForm = 'grand-livre/approval-key/1'
const confirmationForm = 'grand-livre/approval-key-confirmation/1'

const terms = Type.Object({
  form: Type.Enum([...forms]),
  keySha256: h,
  reason: text,
  expiresAt: t,
  // The digest of the text is public and the ground is not: without a random part it could be guessed.
  nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
})
const termsForm = Compile(terms)

/** What the officer adds to what was asked: his key, his reason, until when, and 128 random bits. */
export type ApprovalTerms = Readonly<Omit<Static<typeof terms>, 'form'>>

/** What was asked, in clear; undefined once any of it has been destroyed. */
const inClear = (asked: Asked): Readonly<Record<string, Json>> | undefined => {
  const shown = Object.entries(asked).map(([name, value]) => [name, opened<Json>(value)] as const)
  return shown.some(([, value]) => value === undefined)
    ? undefined
    : (Object.fromEntries(shown) as Record<string, Json>)
}

/** The members of an object that are there. */
const present = (members: Readonly<Record<string, Json | undefined>>): Json =>
  Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )

/**
 * The text that an officer signs to approve a request.
 * @returns undefined once what was asked has been destroyed
 */
export const approvalStatement = (
  { environment, log }: Place,
  { id, file }: Readonly<{ id: string; file: RecoveryFile }>,
  { keySha256, reason, expiresAt, nonce }: ApprovalTerms,
): string | undefined => {
  const asked = inClear(file.asked)
  if (asked === undefined) return undefined
  const { serial, key, output, recipient, requesterRole, requester, represents, ground, legalBasis } = asked
  const certificate = file.recipientCertificate
  return canonical({
    ...{ form: recoveryForm, environment, log, recovery: id, keySha256, reason, expiresAt, nonce },
    // Names, evidence and all the rest of the request with them.
    requestSha256: sha256(canonical(asked)),
    asked: present({ requesterRole, requester, represents, ground, legalBasis }),
    scope: present({
      ...{ serial, spkiSha256: key, output, recipient },
      recipientCertificateSha256:
        certificate === undefined ? undefined : sha256(Buffer.from(certificate, 'base64')),
    }),
  })
}

/** SHA-256 of a run's list: its units, one a line, in their order. */
export const listDigest = ({ units }: Pick<Run, 'units'>): string => sha256(`${units.join('\n')}\n`)

/**
 * The text that an officer signs to approve the destruction of a run's list (CGU-116).
 * @returns undefined while there is no visa, which is its ground
 */
export const destructionStatement = (
  { environment, log }: Place,
  { id, run }: Readonly<{ id: string; run: Run }>,
  { keySha256, reason, expiresAt, nonce }: ApprovalTerms,
): string | undefined =>
  run.visa === undefined
    ? undefined
    : canonical({
        ...{ form: destructionForm, environment, log, destruction: id, keySha256, reason, expiresAt, nonce },
        scope: { class: run.class, units: run.units.length, listSha256: listDigest(run) },
        ground: { cause: run.cause, latestDue: run.latestDue, visaSha256: run.visa.sha256 },
      })

/** What an officer has added, read in what he has signed; undefined for a text that is no approval, or not in its one form. */
export const termsOf = (statement: string): ApprovalTerms | undefined => {
  try {
    const value: unknown = JSON.parse(statement)
    return canonical(value) === statement && termsForm.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The text that an officer signs to show that he holds the key which he registers. */
export const keyStatement = ({ environment, log }: Place, appointment: string, keySha256: string): string =>
  canonical({ form: keyForm, environment, log, appointment, keySha256 })

/** A key as it is confirmed: whose it is, and its number among the keys of his appointment. */
export type KeyToConfirm = Readonly<{
  appointment: string
  person: string
  role: Role
  nth: number
  keySha256: string
}>

/**
 * The text that a security officer signs to confirm that the key is that officer's. Person and role are in it, so that an appointment that
 * is written anew under the same number is another one.
 * @param confirmer his own appointment, and the SHA-256 of the key that he signs by
 */
export const confirmationStatement = (
  { environment, log }: Place,
  key: KeyToConfirm,
  confirmer: Readonly<{ appointment: string; keySha256: string }>,
): string => canonical({ form: confirmationForm, environment, log, ...key, confirmer })
