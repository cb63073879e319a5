// CGU-46: the recovered key is delivered once, and only the bytes whose digest the key's own stream names. They are removed once
// the answer has left (removals.ts); until then the same request with the same key gives them again.
import type { FastifyReply } from 'fastify'
import { deliverRecovery, outputOf } from '../commands/recoveries.ts'
import { sha256 } from '../commands/issuing.ts'
import { key } from '../domain/key.ts'
import { recovery, type Recovery } from '../domain/recovery.ts'
import type { Act } from './command.ts'
import { Problem } from './problems.ts'
import { openRemovals, type Removals } from './removals.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, note } from './schemas.ts'

const receipt = closed({ receipt: note }, { examples: [{ receipt: 'remis en main propre, PV 2026-7' }] })

/** What an execution has put down for this recovery. */
export const outputDigest = async (api: Api, id: string, state: Recovery): Promise<string | undefined> => {
  if (state.status === 'unknown' || state.key === undefined) return undefined
  return outputOf((await api.services.load(key, state.key)).state, id)
}

const bytesOf = async (
  api: Api,
  digest: string | undefined,
  removals: Removals,
): Promise<Uint8Array | undefined> => {
  if (digest === undefined || removals.isLeft(digest)) return undefined
  const bytes = await api.services.recovery.deliveries.take(digest)
  if (bytes !== undefined && sha256(bytes) !== digest)
    throw new Error('what waits for delivery is not what was recovered')
  return bytes
}

const enveloped = { type: 'application/cms', ending: 'p7m' } as const
const file = { type: 'application/x-pkcs12', ending: 'p12' } as const
const formOf = (state: Recovery) => (state.status !== 'unknown' && state.output === 'cms' ? enveloped : file)
const binary = { schema: { type: 'string', format: 'binary' } }

const deliver = async (
  api: Api,
  id: string,
  given: { receipt: string },
  tools: { act: Act; reply: FastifyReply; removals: Removals },
) => {
  const { act, reply, removals } = tools
  const { state } = await api.services.load(recovery, id)
  // A repeated command is not decided anew, so whose key it is is asked here, every time.
  if (act.actor.role === 'holder' && state.status !== 'unknown' && state.recipient !== act.actor.person)
    return act.refuse(
      { code: 'RECOVERY_REQUESTER_NOT_ENTITLED', clause: 'CGU-47', detail: act.actor.role },
      { command: deliverRecovery.type, stream: `recovery-${id}` },
    )
  const digest = await outputDigest(api, id, state)
  const bytes = await bytesOf(api, digest, removals)
  // Nothing is written down as delivered that cannot be sent.
  if (bytes === undefined && state.status === 'requested' && digest !== undefined)
    throw new Problem('CUSTODY_UNAVAILABLE', { detail: 'delivery' })
  await act.carryOut(deliverRecovery, { recovery: id, receipt: given.receipt })
  if (bytes === undefined || digest === undefined) throw new Problem('DELIVERY_COLLECTED')
  reply.raw.once('finish', () =>
    removals.begin(digest, (error) => {
      reply.log.error({ err: error }, 'a delivered output was not removed')
    }),
  )
  const { type, ending } = formOf(state)
  reply
    .type(type)
    .header('content-disposition', `attachment; filename="recovered-${id}.${ending}"`)
    .header('repr-digest', `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`)
  return Buffer.from(bytes)
}

export const deliveryRoutes = (api: Api): void => {
  const removals = openRemovals((digest) => api.services.recovery.deliveries.remove(digest))
  api.app.addHook('onClose', async () => removals.stop())
  const listed = { url: '/recovery-requests/:id/delivery', summary: 'Collect the recovered key, once' }
  api.actions.list(listed, {
    ...{ on: 'recovery', decider: deliverRecovery },
    data: (id) => ({ recovery: id, receipt: '-' }),
  })
  actRoute(api, {
    ...listed,
    description:
      'Answers the CMS or PKCS#12 file itself. Sent again with the same Idempotency-Key before the first answer has left, it gives the same bytes.',
    tag: 'recovery-requests',
    clauses: ['CGU-46', 'CGU-47'],
    params: byId,
    body: receipt,
    command: deliverRecovery.type,
    who: deliverRecovery.who,
    also: ({ id }) => `recovery ${id}`,
    response: {
      200: {
        description:
          'CMS EnvelopedData for the recipient’s certificate, or PKCS#12 under the passphrase of the execution.',
        content: { [enveloped.type]: binary, [file.type]: binary },
      },
    },
    run: ({ params, body, act }, reply) => deliver(api, params.id, body, { act, reply, removals }),
  })
}
