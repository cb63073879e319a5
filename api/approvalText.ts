// CGU-46, CGU-116: what an officer is to sign to approve something, octet for octet, and what he brings once he has signed it.
import { randomBytes } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import type { ApprovalTerms } from '../commands/approvalStatement.ts'
import { sha256 } from '../commands/issuing.ts'
import { withConfirmers } from '../commands/approvalKeyChain.ts'
import { approvalKeyOf } from '../commands/signedApproval.ts'
import { appointment } from '../domain/appointment.ts'
import { accept, type Command, type Decider, type Event, type Refusal } from '../domain/kernel.ts'
import type { Role } from '../domain/lists.ts'
import { addHours } from '../domain/policy/dates.ts'
import { actsAt } from '../domain/policy/mandate.ts'
import type { RefusalCode } from '../domain/refusals.ts'
import { h, id, note, t } from './schemas.ts'
import type { Services } from './services.ts'

/** Fields of the body of an approval that is signed. */
export const signedFields = {
  signedStatement: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 20_000,
      description: 'What has been signed: `before`, the reason as a JSON string, `after`.',
    }),
  ),
  signature: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9+/]*={0,2}$',
      maxLength: 2000,
      description: 'SHA-256 with RSA (PKCS #1 v1.5) or ECDSA (DER) over its UTF-8, in base64.',
    }),
  ),
}

/** His reason, beside what he has signed. */
export const reason = { ...note, description: 'Why it is approved: the reason of what is signed.' }

export const toSign = Type.Object({
  id,
  appointment: id,
  keySha256: h,
  expiresAt: t,
  before: Type.String(),
  after: Type.String(),
})

/** How `toSign` is read. */
export const howToSign =
  'The text to sign is `before`, his reason as a JSON string, `after`: canonical JSON (RFC 8785) in UTF-8.'

/** The person's own appointment in one of these roles, of those that act now: the newest with a key, or else the newest. */
export const ownPost = async (
  { posts, load, now }: Pick<Services, 'posts' | 'load' | 'now'>,
  person: string,
  roles: readonly Role[],
): Promise<{ appointment?: string }> => {
  let newest: string | undefined
  for (const own of (await posts.appointmentsOf(person)).toReversed()) {
    const { state } = await load(appointment, own)
    if (!actsAt(state, now()) || !roles.includes(state.role)) continue
    if (state.approvalKey !== undefined) return { appointment: own }
    newest ??= own
  }
  return newest === undefined ? {} : { appointment: newest }
}

/** For the action that an object shows: all that is left is what a refusal of this code asks for, as that the officer signs. */
export const butFor = <S, C extends Command, E extends Event, F>(
  code: RefusalCode,
  decider: Decider<S, C, E, F>,
): Decider<S, C, E, F> => ({
  ...decider,
  decide: (...asked) => {
    const decision = decider.decide(...asked)
    return 'refused' in decision && decision.refused.code === code ? accept() : decision
  },
})

type About = Readonly<{
  clause: 'CGU-46' | 'CGU-116'
  roles: readonly Role[]
  textOf: (terms: ApprovalTerms) => string | undefined
  /** Why there is no text. */
  missing: Refusal
}>

/** What this officer is to sign, with room for his reason; or why he is not shown it. */
export const textFor = async (
  services: Services,
  { clause, roles, textOf, missing }: About,
  person: string,
): Promise<Omit<Static<typeof toSign>, 'id'> | { refused: Refusal }> => {
  const { policy, now } = services
  const { appointment: own = '' } = await ownPost(services, person, roles)
  const appointed = await withConfirmers(foldOf(services), own === '' ? [] : [own])
  const spki = approvalKeyOf({ policy, appointed, roles }, own, { person, at: now() })
  if (typeof spki === 'string') return { refused: { clause, code: spki, detail: 'approvalStatement' } }
  const terms = {
    ...{ keySha256: sha256(spki), reason: '', nonce: randomBytes(16).toString('hex') },
    expiresAt: addHours(now(), policy.escrow.approvalHours),
  }
  const text = textOf(terms)
  if (text === undefined) return { refused: missing }
  const [before, after] = text.split('"reason":""') as [string, string]
  const { keySha256, expiresAt } = terms
  return { appointment: own, keySha256, expiresAt, before: `${before}"reason":`, after }
}
