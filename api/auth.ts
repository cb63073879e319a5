// Who asks: a door finds an account (api/signIn/), an account becomes an actor in one of its roles.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HeldAccount } from '../commands/posts.ts'
import type { Actor } from '../domain/kernel.ts'
import { roles, type Role, type SignInMeans } from '../domain/lists.ts'
import { clauseOfRole } from '../domain/policy/duties.ts'
import type { Journal } from './journal.ts'
import { Problem } from './problems.ts'
import type { Services } from './services.ts'
import type { Door } from './signIn/doors.ts'
import { actorIn, unauthenticated, type Outcomes } from './signIn/outcomes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    account: HeldAccount | undefined
    /** By what it signed in. */
    means: SignInMeans | undefined
  }
}

/** What establishes who asks. */
export type SignIn = Readonly<{
  door: Door
  outcomes: Outcomes
  /** Counts what the account asks for. */
  count: (request: FastifyRequest) => Promise<void>
}>

/** Establishes the account of every request of `app`, before its body is read. */
export const installSignIn = (
  app: FastifyInstance,
  { posts }: Pick<Services, 'posts'>,
  { door, outcomes, count }: SignIn,
): void => {
  app.decorateRequest('account')
  app.decorateRequest('means')
  app.addHook('onRequest', async (request) => {
    const shown = await door(request)
    if (shown === undefined) throw unauthenticated()
    if ('cause' in shown) {
      await outcomes.failed(request, shown)
      const isBearer = request.headers.authorization !== undefined
      throw shown.problem ?? unauthenticated(isBearer ? 'Bearer error="invalid_token"' : 'Bearer')
    }
    // What an account holds is judged anew for each request: an end acts at once (docs/adr/0013).
    const held = await posts.held(shown.account)
    await outcomes.seen(request, shown, held)
    request.account = held
    request.means = shown.means
    await count(request)
  })
}

/** The signed-in account, with what it holds now. */
export const accountOf = ({ account }: FastifyRequest): HeldAccount => {
  if (account === undefined) throw unauthenticated()
  return account
}

/** By what the signed-in account was found. */
export const meansOf = ({ means }: FastifyRequest): SignInMeans => means ?? 'none'

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
      const actor = await actorIn(services, account, { role: shown, auth: meansOf(request) })
      request.outcome = { ...request.outcome, actor: actor.journal, role: shown, ...about }
      if (role !== undefined) return actor
      await refusal(actor, { ...notHeld, detail: among.join(' ') }, about)
      throw new Problem('ROLE_NOT_HELD', { clause: notHeld.clause, detail: among.join(' ') })
    },
  }
}
