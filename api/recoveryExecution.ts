// CGU-46: an approved recovery is carried out: the key leaves the escrow into a file that awaits its delivery.
import { Type } from 'typebox'
import { executeRecovery } from '../commands/executeRecovery.ts'
import { key } from '../domain/key.ts'
import { recovery } from '../domain/recovery.ts'
import { accepted, lastOf } from './command.ts'
import { outputDigest } from './deliveries.ts'
import { Problem } from './problems.ts'
import { actRoute, type Api } from './routes.ts'
import { byId, closed, h } from './schemas.ts'

const optional = Type.Optional

export const executionRoute = (api: Api): void => {
  const { services } = api
  const { policy, load } = services
  const about = { tag: 'recovery-requests', params: byId } as const
  const passphrase = Type.String({ minLength: policy.escrow.passphraseMinLength, maxLength: 256 })
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
      'CMS for the certificate that the request names; without one a PKCS#12 file under the passphrase, which is kept nowhere. Executed before, the first file stays as it is.',
    clauses: ['CGU-46', 'CGU-48'],
    body: closed(
      { passphrase: optional(passphrase) },
      { examples: [{ passphrase: 'correct cheval batterie agrafe' }] },
    ),
    secrets: ['passphrase'],
    command: executing.type,
    who: executing.who,
    also: ({ id: recoveryId }) => `recovery ${recoveryId}`,
    extra: { outputSha256: h },
    run: async ({ params, body: { passphrase: secret }, act }) => {
      const { state } = await load(recovery, params.id)
      const replayed = (await outputDigest(api, params.id, state)) !== undefined
      // What has been executed stays so, whatever has been recorded since the caller looked.
      const judged = replayed ? act.goOn : act.carryOut
      const { stream, revision } = await judged(executing, { recovery: params.id })
      if (state.status !== 'unknown' && state.output === 'pkcs12' && secret === undefined)
        throw new Problem('VALIDATION_FAILED', {
          errors: [
            { in: 'body', pointer: '/passphrase', message: 'is needed where no certificate is named' },
          ],
        })
      await api.journal.consultation(act.actor, { screen: 'recoveryExecution', streams: [stream] })
      const outputSha256 = await services.recovery.execute(params.id, {
        executor: act.actor.person,
        ...(secret === undefined ? {} : { passphrase: secret }),
      })
      // What was done stands in the stream of the key.
      const spki = state.status === 'unknown' ? undefined : state.key
      const position = spki === undefined ? undefined : lastOf((await load(key, spki)).written)
      act.mark({ position, replayed })
      return { ...accepted(params.id, { stream, revision, position }), outputSha256 }
    },
  })
}
