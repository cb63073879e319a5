// CGU-06: an act of two persons over HTTP: one gives the command, the other is there too, signed in by a token of his own.
import type { FastifyReply } from 'fastify'
import type { Second } from '../domain/policy/dualControl.ts'
import type { Api } from './routes.ts'
import { bearerOf, byToken } from './signIn/bearer.ts'
import { unauthenticated } from './signIn/outcomes.ts'

/**
 * Header `Second-Person: Bearer …`: the other person who is present, in the roles that he holds now.
 * @throws Problem UNAUTHENTICATED on a token that is nobody's
 */
export const secondOf = async (
  { services: { accounts, posts }, outcomes }: Api,
  { request }: FastifyReply,
): Promise<Second | undefined> => {
  const header = request.headers['second-person']
  if (header === undefined) return undefined
  const shown = await byToken(accounts)(bearerOf(header))
  if ('cause' in shown) {
    await outcomes.failed(request, { ...shown, identifier: 'second person' })
    throw unauthenticated('Bearer error="invalid_token"')
  }
  const held = await posts.held(shown.account)
  await outcomes.seen(request, shown, held)
  return { person: held.person, roles: held.roles }
}
