// CGU-116: an officer approves a destruction by his own signature over its list, as he would a recovery (approvals.ts): what he is to sign,
// what he has signed, and the approvals of a run as evidence.
import { Type } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import { destructionStatement, listDigest } from '../commands/approvalStatement.ts'
import { runApproversAt } from '../commands/destructionApprovals.ts'
import { approvalsNeeded, approveDestruction } from '../commands/destructions.ts'
import { appointedTo } from '../commands/signedApproval.ts'
import { approverRoles } from '../domain/approval.ts'
import { destruction, type Run } from '../domain/destruction.ts'
import type { Actor, Refusal } from '../domain/kernel.ts'
import { evidenceAnswer, shownOf } from './approvalEvidence.ts'
import { butFor, howToSign, ownPost, reason, signedFields, textFor, toSign } from './approvalText.ts'
import { refused } from './problems.ts'
import { notFound } from './readers.ts'
import { keepers } from './retention.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, h } from './schemas.ts'
import type { Services } from './services.ts'

const roles = approverRoles.destruction

const approval = closed(
  {
    listSha256: Type.String({ ...h, description: 'Of the list that was seen, as GET answers it.' }),
    ...{ statement: reason, ...signedFields },
  },
  { examples: [{ listSha256: 'a'.repeat(64), statement: 'Liste vue, visa joint.' }] },
)

/** What this officer is to sign of a run; or why he is not shown it. */
const statementFor = async (
  services: Services,
  { id, run }: Readonly<{ id: string; run: Run }>,
  { person, role }: Actor,
): Promise<Awaited<ReturnType<typeof textFor>>> => {
  if (run.proposer === person) return { refused: { clause: 'CGU-04', code: 'SELF_APPROVAL', detail: role } }
  const missing: Refusal = { clause: 'CGU-116', code: 'VISA_MISSING', detail: 'visa' }
  const textOf = destructionStatement.bind(undefined, services.policy, { id, run })
  return textFor(services, { clause: 'CGU-116', roles, textOf, missing }, person)
}

/** The digest of a run's list, as whoever looks at it sees it. */
const listOf = async ({ load }: Services, id: string): Promise<string> => {
  const { state } = await load(destruction, id)
  return state.status === 'unknown' ? '' : listDigest(state)
}

export const destructionApprovalRoutes = (api: Api): void => {
  const { services } = api
  const { policy, load } = services
  const about = { tag: 'retention', clauses: ['CGU-04', 'CGU-116'], params: byId } as const
  const approving = approveDestruction(policy)
  const route = {
    url: '/destructions/:id/approvals',
    summary: 'Approve the run, by somebody who has neither proposed nor approved it',
  } as const
  const lookAt = async (id: string, command: string) => {
    const { state } = await load(destruction, id)
    const run = state.status === 'unknown' ? undefined : state
    return { run, look: { command, ...(run === undefined ? {} : { stream: `destruction-${id}` }) } }
  }

  api.actions.list(route, {
    ...{ on: 'destruction', decider: butFor('APPROVAL_NOT_SIGNED', approving) },
    data: async (destructionId, { person }: Actor) => ({
      ...{ destruction: destructionId, listSha256: await listOf(services, destructionId), statement: '-' },
      ...(await ownPost(services, person, roles)),
    }),
  })
  commandRoute(api, {
    ...{ ...about, ...route },
    description:
      'Signed by the key that is registered for him, over the text of `approval-statement` with his reason.',
    body: approval,
    created: true,
    decider: approving,
    data: async ({ params, body, act }) => ({
      destruction: params.id,
      ...body,
      ...(await ownPost(services, act.actor.person, roles)),
    }),
  })

  readRoute(api, {
    ...about,
    url: '/destructions/:id/approval-statement',
    summary: 'What an officer signs to approve the run',
    description: `${howToSign} It names the run, the digest of its list, the visa, and when the approval ends.`,
    answer: toSign,
    read: async ({ request, params: { id } }) => {
      const { run, look } = await lookAt(id, 'approvalStatement')
      const actor = await api.who.actor(request, roles, look)
      if (run === undefined) return notFound()
      const found = await statementFor(services, { id, run }, actor)
      if (!('refused' in found)) return { id, ...found }
      await api.journal.refusal(actor, found.refused, look)
      throw refused(found.refused)
    },
  })
  readRoute(api, {
    ...about,
    url: '/destructions/:id/approvals',
    summary: 'The approvals of a run, with what was signed',
    description: '`openssl dgst -sha256 -verify` verifies each, and each confirmation of its key.',
    answer: evidenceAnswer,
    read: async ({ request, params: { id } }) => {
      const { run, look } = await lookAt(id, 'approvals')
      await api.who.actor(request, keepers, look)
      if (run === undefined) return notFound()
      const appointed = await appointedTo(foldOf(services), run)
      return {
        ...{ id, quorum: approvalsNeeded },
        approvers: runApproversAt(policy, { id, run, appointed }, services.now()),
        approvals: run.approvals.map((one) => shownOf({ policy, appointed }, one)),
      }
    },
  })
}
