// Who asks: a bearer token names an account (RFC 6750), an account becomes an actor in one of its roles.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Account } from '../commands/accounts.ts'
import type { HeldAccount } from '../commands/posts.ts'
import type { Actor } from '../domain/kernel.ts'
import { roles, type Role } from '../domain/lists.ts'
import { clauseOfRole } from '../domain/policy/duties.ts'
import type { Journal } from './journal.ts'
import { Problem } from './problems.ts'
import type { Services } from './services.ts'

declare module 'fastify' {
  interface FastifyRequest {
    account: HeldAccount | undefined
  }
}

/** Failed sign-ins that are written down, at most, in a minute: beyond, they are refused without a trace in the ledger. */
export type SignInLimits = Readonly<{ perAddress: number; inAll: number }>

const unauthenticated = (challenge: string): Problem =>
  new Problem('UNAUTHENTICATED', { headers: { 'www-authenticate': challenge } })

/** Establishes the account of every request of `app`, before its body is read. */
export const installSignIn = (
  app: FastifyInstance,
  services: Services,
  journal: Journal,
  limits: SignInLimits,
): void => {
  const byAddress = app.createRateLimit({ max: limits.perAddress, timeWindow: 60_000 })
  const inAll = app.createRateLimit({ max: limits.inAll, timeWindow: 60_000, keyGenerator: () => 'all' })

  const refuse = async (request: FastifyRequest): Promise<never> => {
    for (const count of [byAddress, inAll]) {
      const state = await count(request)
      if (!state.isAllowed && state.isExceeded)
        throw new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(state.ttlInSeconds) } })
    }
    // The refusal stands whether or not the journal can be written.
    await journal.failedSignIn(request.ip).catch((error: unknown) => {
      request.log.error({ err: error }, 'a failed sign-in was not written down')
    })
    throw unauthenticated('Bearer error="invalid_token"')
  }

  app.decorateRequest('account')
  app.addHook('onRequest', async (request) => {
    const { authorization } = request.headers
    if (authorization === undefined) throw unauthenticated('Bearer')
    const token = /^Bearer ([A-Za-z0-9._~+/-]{1,512}=*)$/i.exec(authorization)?.[1]
    const account = token === undefined ? undefined : await services.accounts.byToken(token)
    // What an account holds is judged anew for each request: an end acts at once (docs/adr/0013).
    request.account = account === undefined ? undefined : await services.posts.held(account)
    if (request.account === undefined) await refuse(request)
  })
}

/** The signed-in account, with what it holds now. */
export const accountOf = ({ account }: FastifyRequest): HeldAccount => {
  if (account === undefined) throw unauthenticated('Bearer')
  return account
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

/** Header `Acting-Role`: which of his roles the caller acts in. */
const actingRole = (request: FastifyRequest): Role | undefined => {
  const header = request.headers['acting-role']
  if (header === undefined) return undefined
  if (typeof header === 'string' && isRole(header)) return header
  throw new Problem('HEADER_INVALID', { detail: 'Acting-Role' })
}

export type Who = Readonly<{
  /**
   * The caller as an actor, in the first of the roles that he holds, or in the one he names.
   * @throws Problem ROLE_NOT_HELD, after it has been written in his journal
   */
  actor: (request: FastifyRequest, among: readonly Role[], about: About) => Promise<Actor>
  /** Writes a refusal in the actor's journal, if it can be written: the refusal itself stands either way. */
  refusal: Journal['refusal']
}>
type About = Readonly<{ command: string; stream?: string }>

export const createWho = (services: Services, journal: Journal, log: (error: unknown) => void): Who => {
  const become = (account: Account, role: Role): Promise<Actor> =>
    services.actors(
      {
        id: account.id,
        kind: 'account',
        person: account.person,
        entities: account.entities,
        auth: 'token',
      },
      role,
    )
  const refusal: Journal['refusal'] = async (...what) => {
    await journal.refusal(...what).catch(log)
  }
  return {
    refusal,
    actor: async (request, among, about) => {
      const account = accountOf(request)
      const acting = actingRole(request)
      const wanted = acting === undefined ? among : among.filter((role) => role === acting)
      const role = wanted.find((one) => account.roles.includes(one))
      const notHeld = { code: 'ROLE_NOT_HELD', clause: clauseOfRole(about.command) } as const
      // Refused too, he is written down in a role: one that he holds, or held until his appointment ended.
      const shown =
        role ?? account.roles.find((one) => one === acting) ?? account.roles[0] ?? account.named[0]
      if (shown === undefined) throw new Problem('ROLE_NOT_HELD', { clause: notHeld.clause })
      const actor = await become(account, shown)
      request.outcome = { ...request.outcome, actor: actor.journal, role: shown, ...about }
      if (role !== undefined) return actor
      await refusal(actor, { ...notHeld, detail: among.join(' ') }, about)
      throw new Problem('ROLE_NOT_HELD', { clause: notHeld.clause, detail: among.join(' ') })
    },
  }
}
