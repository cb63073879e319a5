// CGU-46: an officer approves a recovery by his own signature: what he is to sign is shown to him, octet for octet, and what he has
// signed is taken with his reason.
import { approvalStatement } from '../commands/approvalStatement.ts'
import { approveRecovery } from '../commands/approveRecovery.ts'
import { approverRoles } from '../domain/approval.ts'
import { key } from '../domain/key.ts'
import type { Actor, Refusal } from '../domain/kernel.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { recovery, type RecoveryFile } from '../domain/recovery.ts'
import { evidenceRoute } from './approvalEvidence.ts'
import { butFor, howToSign, ownPost, reason, signedFields, textFor, toSign } from './approvalText.ts'
import { refused } from './problems.ts'
import { notFound } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed } from './schemas.ts'
import type { Services } from './services.ts'

const roles = approverRoles.recovery

const approval = closed(
  { statement: reason, ...signedFields },
  { examples: [{ statement: 'Pièces vues, motif établi.' }] },
)

/** What this officer is to sign of a request; or why he is not shown it. */
const statementFor = async (
  services: Services,
  { id: asked, file }: Readonly<{ id: string; file: RecoveryFile }>,
  person: string,
): Promise<Awaited<ReturnType<typeof textFor>>> => {
  const { policy, load } = services
  const held = file.key === undefined ? key.initial : (await load(key, file.key)).state
  // The ground is in it, and whom it concerns may not be told: only who could approve sees it (CGU-04).
  const detail = 'approvalStatement'
  if (concerned(file, held, person)) return { refused: { clause: 'CGU-04', code: 'SELF_APPROVAL', detail } }
  const missing: Refusal = { clause: 'CGU-116', code: 'PERSONAL_DATA_DESTROYED', detail }
  const textOf = approvalStatement.bind(undefined, policy, { id: asked, file })
  return textFor(services, { clause: 'CGU-46', roles, textOf, missing }, person)
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
    ...{ on: 'recovery', decider: butFor('APPROVAL_NOT_SIGNED', approving) },
    data: async (recoveryId, { person }: Actor) => ({
      ...{ recovery: recoveryId, statement: '-' },
      ...(await ownPost(services, person, roles)),
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
      ...(await ownPost(services, act.actor.person, roles)),
    }),
  })

  readRoute(api, {
    ...about,
    url: '/recovery-requests/:id/approval-statement',
    summary: 'What a recovery officer signs to approve the request',
    description: `${howToSign} It names the request, all that was asked by its digest, the key, who gets it, and when the approval ends. Another \`expiresAt\`, not later, and another \`nonce\` may be written into it.`,
    clauses: ['CGU-04', 'CGU-46'],
    answer: toSign,
    read: async ({ request, params }) => {
      const { state } = await load(recovery, params.id)
      const stream = `recovery-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      const look = { command: 'approvalStatement', ...(known === undefined ? {} : { stream }) }
      const actor = await api.who.actor(request, roles, look)
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
