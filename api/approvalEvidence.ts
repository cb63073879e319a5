// CGU-46: the approvals of a recovery as evidence: what each officer has signed, his signature and his key, for whoever verifies them
// without this service; and whether each counts now.
import { Type } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import { confirmationsOf, fingerprint, type Appointed, type Chain } from '../commands/approvalKeyChain.ts'
import { approversAt } from '../commands/approvals.ts'
import { termsOf } from '../commands/approvalStatement.ts'
import { appointedTo } from '../commands/signedApproval.ts'
import type { SignedApproval } from '../domain/approval.ts'
import { key } from '../domain/key.ts'
import { concerned } from '../domain/policy/recovery.ts'
import { recovery } from '../domain/recovery.ts'
import { refused } from './problems.ts'
import { notFound } from './readers.ts'
import { readRoute, type Api } from './routes.ts'
import { byId, h, id, orNull, t } from './schemas.ts'

const link = Type.Object({
  appointment: id,
  keySha256: h,
  publicKey: Type.String({ description: 'Of the security officer who has confirmed: DER in base64.' }),
  text: Type.String({ description: 'Its UTF-8 is signed.' }),
  signature: Type.String({ description: 'Base64.' }),
})

export const evidenceAnswer = Type.Object({
  id,
  quorum: Type.Integer(),
  approvers: Type.Array(id, { description: 'Whose approvals count at this instant: each was verified.' }),
  approvals: Type.Array(
    Type.Object({
      approver: orNull(id),
      expiresAt: orNull(t),
      signedStatement: orNull({ type: 'string' as const, description: 'The text, whose UTF-8 is signed.' }),
      signature: orNull({ type: 'string' as const, description: 'Base64.' }),
      keySha256: orNull(h),
      publicKey: orNull({
        ...{ type: 'string' as const },
        description: 'DER in base64; null where the officer has another key by now.',
      }),
      confirmations: Type.Array(link, {
        description:
          'Why the key counts: each key was confirmed over `text` by the next one, and the last is named by the policy (`escrow.approvalAnchors`). Empty where it is so itself, where the policy names none, and where the key does not count.',
      }),
    }),
  ),
})

type Given = Readonly<{ approver: string | undefined; signed: SignedApproval | undefined }>

/** The key that an approval was signed by, where it is still its officer's. */
const keyOf = (appointed: Appointed, { signed }: Given): string | undefined => {
  const held = signed === undefined ? undefined : appointed.get(signed.appointment)
  const known = held === undefined || held.status === 'unknown' ? undefined : held.approvalKey?.publicKey
  const named = signed === undefined ? undefined : termsOf(signed.statement)?.keySha256
  return known !== undefined && fingerprint(known) === named ? known : undefined
}

const textOf = ({ statement, signature }: SignedApproval) => {
  const { keySha256 = null, expiresAt = null } = termsOf(statement) ?? {}
  return { signedStatement: statement, signature, keySha256, expiresAt }
}
const unsigned = { signedStatement: null, signature: null, keySha256: null, expiresAt: null }

/** An approval as evidence. @param said what its event says of it too */
export const shownOf = (chain: Chain, approval: Given, said: Readonly<{ expiresAt?: string }> = {}) => {
  const { approver = null, signed } = approval
  const text = signed === undefined ? unsigned : textOf(signed)
  const publicKey = keyOf(chain.appointed, approval) ?? null
  const links = signed === undefined || publicKey === null ? [] : confirmationsOf(chain, signed.appointment)
  return { approver, ...text, ...said, publicKey, confirmations: links ?? [] }
}

export const evidenceRoute = (api: Api): void => {
  const { now, policy } = api.services
  const fold = foldOf(api.services)
  readRoute(api, {
    url: '/recovery-requests/:id/approvals',
    summary: 'The approvals of a recovery, with what was signed',
    description: '`openssl dgst -sha256 -verify` verifies each, and each confirmation of its key.',
    tag: 'recovery-requests',
    clauses: ['CGU-04', 'CGU-46'],
    params: byId,
    answer: evidenceAnswer,
    read: async ({ request, params }) => {
      const file = await fold(recovery, params.id)
      const stream = `recovery-${params.id}`
      const look = { command: 'approvals', ...(file.status === 'unknown' ? {} : { stream }) }
      const actor = await api.who.actor(request, ['recoveryOfficer', 'auditor', 'supervisor'], look)
      if (file.status === 'unknown') return notFound()
      const held = file.key === undefined ? key.initial : await fold(key, file.key)
      if (concerned(file, held, actor.person)) {
        const refusal = { clause: 'CGU-04', code: 'SELF_APPROVAL', detail: 'approvals' } as const
        await api.journal.refusal(actor, refusal, look)
        throw refused(refusal)
      }
      await api.journal.consultation(actor, { screen: 'approvals', streams: [stream] })
      const appointed = await appointedTo(fold, file)
      return {
        id: params.id,
        quorum: policy.escrow.recoveryQuorum,
        approvers: approversAt(policy, { id: params.id, file, held, appointed }, now()),
        approvals: file.approvals.map((one) =>
          shownOf({ policy, appointed }, one, { expiresAt: one.expiresAt }),
        ),
      }
    },
  })
}
