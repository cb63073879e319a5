// CGU-46: an officer approves a recovery by his own signature: what he is to sign is shown to him, octet for octet, and what he has
// signed is taken with his reason.
import { Type } from 'typebox'
import { approvalKeyOf } from '../commands/approvals.ts'
import { approvalStatement } from '../commands/approvalStatement.ts'
import { approveRecovery } from '../commands/approveRecovery.ts'
import { sha256 } from '../commands/issuing.ts'
import { appointment } from '../domain/appointment.ts'
import { accept, type Actor } from '../domain/kernel.ts'
import { addHours } from '../domain/policy/dates.ts'
import { recovery } from '../domain/recovery.ts'
import { Problem } from './problems.ts'
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

export const approvalRoutes = (api: Api): void => {
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
    clauses: ['CGU-46'],
    answer: toSign,
    read: async ({ request, params }) => {
      const { state } = await load(recovery, params.id)
      const stream = `recovery-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      const look = { command: 'approvalStatement', ...(known === undefined ? {} : { stream }) }
      const actor = await api.who.actor(request, ['recoveryOfficer'], look)
      if (known === undefined) return notFound()
      const own = (await ownPost(services, actor.person)).appointment
      const held = own === undefined ? undefined : (await load(appointment, own)).state
      const spki = approvalKeyOf(held, actor.person, services.now())
      if (own === undefined || spki === undefined)
        throw new Problem('APPROVAL_KEY_UNKNOWN', { clause: 'CGU-46' })
      await api.journal.consultation(actor, { screen: 'approvalStatement', streams: [stream] })
      const terms = {
        ...{ keySha256: sha256(spki), reason: '', nonce: services.newId().replaceAll('-', '') },
        expiresAt: addHours(services.now(), policy.escrow.approvalHours),
      }
      const statement = approvalStatement(policy, { id: params.id, file: known }, terms)
      if (statement === undefined) throw new Problem('PERSONAL_DATA_DESTROYED', { clause: 'CGU-116' })
      const [before, after] = statement.split('"reason":""') as [string, string]
      return {
        ...{ id: params.id, appointment: own, keySha256: terms.keySha256, expiresAt: terms.expiresAt },
        ...{ before: `${before}"reason":`, after },
      }
    },
  })
}
