// CGU-46: an officer approves a recovery by his own signature: what he is to sign is shown to him, octet for octet, and what he has
// signed is taken with his reason.
import { randomBytes } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { approvalKeyOf } from '../commands/approvals.ts'
import { approvalStatement } from '../commands/approvalStatement.ts'
import { approveRecovery } from '../commands/approveRecovery.ts'
import { sha256 } from '../commands/issuing.ts'
import { appointment } from '../domain/appointment.ts'
import { key } from '../domain/key.ts'
import { accept, type Actor, type Refusal } from '../domain/kernel.ts'
import { addHours } from '../domain/policy/dates.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { recovery, type RecoveryFile } from '../domain/recovery.ts'
import type { ClauseId, RefusalCode } from '../domain/refusals.ts'
import { evidenceRoute } from './approvalEvidence.ts'
import { refused } from './problems.ts'
import { notFound } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, h, id, note, t } from './schemas.ts'
import type { Services } from './services.ts'

const optional = Type.Optional

const approval = closed(
  {
    statement: { ...note, description: 'Why it is approved: the reason of what is signed.' },
    signedStatement: optional(
      Type.String({
        minLength: 1,
        maxLength: 20_000,
        description: 'What has been signed: `before`, the reason as a JSON string, `after`.',
      }),
    ),
    signature: optional(
      Type.String({
        pattern: '^[A-Za-z0-9+/]*={0,2}$',
        maxLength: 2000,
        description: 'SHA-256 with RSA (PKCS #1 v1.5) or ECDSA (DER) over its UTF-8, in base64.',
      }),
    ),
  },
  { examples: [{ statement: 'Pièces vues, motif établi.' }] },
)

const toSign = Type.Object({
  id,
  appointment: id,
  keySha256: h,
  expiresAt: t,
  before: Type.String(),
  after: Type.String(),
})

/** The person's own appointment as a recovery officer: the newest in force. */
export const ownPost = async (
  { posts, load }: Pick<Services, 'posts' | 'load'>,
  person: string,
): Promise<{ appointment?: string }> => {
  for (const own of (await posts.appointmentsOf(person)).toReversed()) {
    const { state } = await load(appointment, own)
    if (state.status === 'inForce' && state.role === 'recoveryOfficer') return { appointment: own }
  }
  return {}
}

/** For the action that a request shows: what is left is that the officer signs. */
const asSigned = (approving: ReturnType<typeof approveRecovery>): typeof approving => ({
  ...approving,
  decide: (...asked) => {
    const decision = approving.decide(...asked)
    return 'refused' in decision && decision.refused.code === 'APPROVAL_NOT_SIGNED' ? accept() : decision
  },
})

const refusing = (clause: ClauseId, code: RefusalCode): { refused: Refusal } => ({
  refused: { clause, code, detail: 'approvalStatement' },
})

/** What this officer is to sign of a request, with room for his reason; or why he is not shown it. */
const statementFor = async (
  services: Services,
  { id: asked, file }: Readonly<{ id: string; file: RecoveryFile }>,
  person: string,
): Promise<Omit<Static<typeof toSign>, 'id'> | { refused: Refusal }> => {
  const { policy, load, now } = services
  const held = file.key === undefined ? key.initial : (await load(key, file.key)).state
  // The ground is in it, and whom it concerns may not be told: only who could approve sees it (CGU-04).
  if (concerned(file, held, person)) return refusing('CGU-04', 'SELF_APPROVAL')
  const own = (await ownPost(services, person)).appointment
  const post = own === undefined ? undefined : (await load(appointment, own)).state
  const spki = approvalKeyOf(post, person, now())
  if (own === undefined || spki === undefined) return refusing('CGU-46', 'APPROVAL_KEY_UNKNOWN')
  const terms = {
    ...{ keySha256: sha256(spki), reason: '', nonce: randomBytes(16).toString('hex') },
    expiresAt: addHours(now(), policy.escrow.approvalHours),
  }
  const statement = approvalStatement(policy, { id: asked, file }, terms)
  if (statement === undefined) return refusing('CGU-116', 'PERSONAL_DATA_DESTROYED')
  const [before, after] = statement.split('"reason":""') as [string, string]
  const { keySha256, expiresAt } = terms
  return { appointment: own, keySha256, expiresAt, before: `${before}"reason":`, after }
}

export const approvalRoutes = (api: Api): void => {
  evidenceRoute(api)
  const { services } = api
  const { policy, load } = services
  const about = { tag: 'recovery-requests', params: byId } as const
  const approving = approveRecovery(policy)
  const route = {
    url: '/recovery-requests/:id/approvals',
    summary: 'Approve the recovery, by an officer whom it does not concern',
  } as const

  api.actions.list(route, {
    ...{ on: 'recovery', decider: asSigned(approving) },
    data: async (recoveryId, { person }: Actor) => ({
      ...{ recovery: recoveryId, statement: '-' },
      ...(await ownPost(services, person)),
    }),
  })
  commandRoute(api, {
    ...{ ...about, ...route },
    description:
      'Signed by the key that is registered for him, over the text of `approval-statement` with his reason.',
    clauses: ['CGU-46', 'CGU-48'],
    body: approval,
    created: true,
    decider: approving,
    data: async ({ params, body, act }) => ({
      recovery: params.id,
      ...body,
      ...(await ownPost(services, act.actor.person)),
    }),
  })

  readRoute(api, {
    ...about,
    url: '/recovery-requests/:id/approval-statement',
    summary: 'What a recovery officer signs to approve the request',
    description:
      'The text to sign is `before`, his reason as a JSON string, `after`: canonical JSON (RFC 8785) in UTF-8. It names the request, all that was asked by its digest, the key, who gets it, and when the approval ends. Another `expiresAt`, not later, and another `nonce` may be written into it.',
    clauses: ['CGU-04', 'CGU-46'],
    answer: toSign,
    read: async ({ request, params }) => {
      const { state } = await load(recovery, params.id)
      const stream = `recovery-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      const look = { command: 'approvalStatement', ...(known === undefined ? {} : { stream }) }
      const actor = await api.who.actor(request, ['recoveryOfficer'], look)
      if (known === undefined) return notFound()
      const found = await statementFor(services, { id: params.id, file: known }, actor.person)
      if ('refused' in found) {
        await api.journal.refusal(actor, found.refused, look)
        throw refused(found.refused)
      }
      await api.journal.consultation(actor, { screen: 'approvalStatement', streams: [stream] })
      return { id: params.id, ...found }
    },
  })
}
