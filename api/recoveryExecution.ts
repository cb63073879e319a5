// CGU-46: an approved recovery is carried out: the key leaves the escrow into a file that awaits its delivery.
import { Type } from 'typebox'
import { executeRecovery } from '../commands/executeRecovery.ts'
import { key } from '../domain/key.ts'
import { recovery } from '../domain/recovery.ts'
import { accepted, lastOf } from './command.ts'
import { outputDigest } from './deliveries.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, h } from './schemas.ts'

const optional = Type.Optional
const passphrase = Type.String({
  description: 'One-time passphrase of the PKCS#12 file: five groups of five letters and digits.',
  examples: ['7k2mq-0v9xe-h4cbn-tr81w-sz5dg'],
})

export const executionRoute = (api: Api): void => {
  const { services } = api
  const { policy, load } = services
  const about = { tag: 'recovery-requests', params: byId } as const
  const execution = {
    url: '/recovery-requests/:id/execution',
    summary: 'Take the key out of escrow, once approved, into a file that awaits delivery',
  } as const
  const executing = executeRecovery(policy)
  api.actions.list(execution, {
    ...{ on: 'recovery', decider: executing },
    data: (recoveryId) => ({ recovery: recoveryId }),
  })
  actRoute(api, {
    ...{ ...about, ...execution },
    description:
      'CMS for the certificate that the request names; without one a PKCS#12 file under a one-time passphrase. It is told here to whoever executes, and to nobody else: he passes it on to the recipient, apart from the file, which another officer hands over. Executed before, the first file stays as it is, and so does its passphrase until the file is collected.',
    clauses: ['CGU-46', 'CGU-48'],
    command: executing.type,
    who: executing.who,
    also: ({ id: recoveryId }) => `recovery ${recoveryId}`,
    extra: { outputSha256: h, passphrase: optional(passphrase) },
    run: async ({ params, act }) => {
      const { state } = await load(recovery, params.id)
      const replayed = (await outputDigest(api, params.id, state)) !== undefined
      // What has been executed stays so, whatever has been recorded since the caller looked.
      const judged = replayed ? act.goOn : act.carryOut
      const { stream, revision } = await judged(executing, { recovery: params.id })
      await api.journal.consultation(act.actor, { screen: 'recoveryExecution', streams: [stream] })
      const output = await services.recovery.execute(params.id, act.actor.person)
      // What was done stands in the stream of the key.
      const spki = state.status === 'unknown' ? undefined : state.key
      const position = spki === undefined ? undefined : lastOf((await load(key, spki)).written)
      act.mark({ position, replayed })
      return { ...accepted(params.id, { stream, revision, position }), ...output }
    },
  })
}
