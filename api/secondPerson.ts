// CGU-06: an act of two persons over HTTP: one gives the command, the other is there too, signed in by a token of his own.
import type { FastifyReply } from 'fastify'
import type { Second } from '../domain/policy/dualControl.ts'
import { Problem } from './problems.ts'
import type { Api } from './routes.ts'
import { bearerOf } from './signIn/bearer.ts'

/**
 * Header `Second-Person: Bearer …`: the other person who is present, in the roles that he holds now.
 * @throws Problem UNAUTHENTICATED on a token that is nobody's
 */
export const secondOf = async (api: Api, { request }: FastifyReply): Promise<Second | undefined> => {
  const header = request.headers['second-person']
  if (header === undefined) return undefined
  const token = bearerOf(header)
  const account = token === undefined ? undefined : await api.services.accounts.byToken(token)
  if (account !== undefined) {
    const { person, roles } = await api.services.posts.held(account)
    return { person, roles }
  }
  const failed = { means: 'token', cause: 'unknown-token', identifier: 'second person' }
  await api.journal.failedSignIn({ ...failed, address: request.ip })
  throw new Problem('UNAUTHENTICATED', { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
}
