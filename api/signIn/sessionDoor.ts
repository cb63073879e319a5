// A browser that is signed in: an opaque cookie, whose session is kept by us (api/signIn/tickets.ts). It ends after a time without
// use, after a time in all, by signing out, and when its identity is no longer linked to an account.
import { parseCookie } from 'cookie'
import type { FastifyRequest } from 'fastify'
import type { Accounts, Identity } from '../../commands/accounts.ts'
import type { Instant } from '../../domain/kernel.ts'
import { addSeconds } from '../../domain/policy/dates.ts'
import { Problem } from '../problems.ts'
import type { CrossSite } from './crossSite.ts'
import type { Door } from './doors.ts'
import type { Tickets } from './tickets.ts'

/** In seconds. */
export type SessionLimits = Readonly<{ idle: number; absolute: number }>

/** What a session holds, sealed: who signed in, and what signs him out at the provider. */
export type SessionContent = Identity & Readonly<{ idToken?: string }>

export type CookieName = 'session' | 'attempt'

/** RFC 6265bis 4.1.3.2: a name that no other host and no plain connection can set; on a loopback without TLS a plain one. */
export const cookieName = (name: CookieName, secure: boolean): string =>
  `${secure ? '__Host-' : ''}grand-livre-${name}`

/** Of a cookie that a request shows; undefined where it shows none. */
export const cookieOf = ({ headers }: FastifyRequest, name: string): string | undefined =>
  headers.cookie === undefined ? undefined : parseCookie(headers.cookie)[name]

/** How exactly the last use is kept, in seconds. */
const touchEvery = 60

const ended = { means: 'sso', identifier: 'session', ended: true } as const

export const sessionDoor = (
  tools: Readonly<{
    accounts: Accounts
    tickets: Tickets
    limits: SessionLimits
    secure: boolean
    crossSite: CrossSite
    now: () => Instant
  }>,
): Door => {
  const { accounts, tickets, limits, secure, crossSite, now } = tools
  return async (request) => {
    const secret = cookieOf(request, cookieName('session', secure))
    if (secret === undefined) return undefined
    const ticket = await tickets.find('session', secret)
    if (ticket === undefined) return { means: 'sso', cause: 'sessionUnknown', identifier: 'session' }
    const at = now()
    if (ticket.until <= at || addSeconds(ticket.seen, limits.idle) <= at) {
      await tickets.take('session', secret)
      return { ...ended, cause: 'sessionEnded' }
    }
    const { issuer, subject } = ticket.content as SessionContent
    const account = await accounts.byIdentity({ issuer, subject })
    if (account === undefined) {
      await tickets.take('session', secret)
      return { ...ended, cause: 'identityUnlinked' }
    }
    if (crossSite(request, 'always'))
      return { means: 'sso', cause: 'crossSite', identifier: account.id, problem: new Problem('CROSS_SITE') }
    if (addSeconds(ticket.seen, touchEvery) <= at) await tickets.touch(secret)
    return { means: 'sso', account, identifier: account.id }
  }
}
