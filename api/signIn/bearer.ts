// Bearer tokens (RFC 6750): the one of an account, or an access token that an API client was given (api/signIn/tokenEndpoint.ts).
import type { FastifyRequest } from 'fastify'
import type { Accounts } from '../../commands/accounts.ts'
import { sha256 } from '../../commands/issuing.ts'
import type { Instant } from '../../domain/kernel.ts'
import type { Door, Fault, Found } from './doors.ts'
import type { Tickets } from './tickets.ts'

const pattern = /^Bearer ([A-Za-z0-9._~+/-]{1,512}=*)$/i

/** How an access token begins: no account's token does. */
export const accessPrefix = 'at.'

/** The token of a header `Authorization` or the like; undefined for anything else. */
export const bearerOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? pattern.exec(header)?.[1] : undefined

/** What finds an account by its own token, and what it is without one that is somebody's. */
export const byToken =
  (accounts: Pick<Accounts, 'byToken'>) =>
  async (token: string | undefined): Promise<Found | Fault> => {
    const account = token === undefined ? undefined : await accounts.byToken(token)
    if (token === undefined || account === undefined) return unknown
    return { means: 'token', account, identifier: account.id, once: `token ${sha256(token)}` }
  }

const unknown: Fault = { means: 'token', cause: 'unknown-token', identifier: 'unknown token' }
const unknownAccess: Fault = { means: 'accessToken', cause: 'unknownToken', identifier: 'access token' }

export const bearerDoor = (
  tools: Readonly<{ accounts: Accounts; tickets: Tickets; now: () => Instant }>,
): Door => {
  const { accounts, tickets, now } = tools
  const own = byToken(accounts)
  const byAccess = async (secret: string): Promise<Found | Fault> => {
    const ticket = await tickets.find('access', secret)
    if (ticket === undefined || ticket.until <= now()) return unknownAccess
    const { client } = ticket.content as { client: string }
    // A client that was removed, or made anew under the same name, has no use of older tokens.
    const { account } = (await accounts.client(client)) ?? {}
    const isSame = account?.person === (ticket.content as { person: string }).person
    if (account === undefined || !isSame) return { ...unknownAccess, cause: 'clientGone' }
    return { means: 'accessToken', account, identifier: client }
  }
  return async ({ headers: { authorization } }: FastifyRequest) => {
    if (authorization === undefined) return undefined
    const token = bearerOf(authorization)
    if (token?.startsWith(accessPrefix) === true) return byAccess(token.slice(accessPrefix.length))
    return own(token)
  }
}
