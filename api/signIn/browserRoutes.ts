// Signing in with a browser, at the provider: /auth/login sends it there, /auth/callback takes it back, /auth/logout ends the
// session here and there. Every failure looks the same from outside; the journal has its cause.
import { stringifySetCookie } from 'cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../problems.ts'
import { documented } from '../routes.ts'
import { unauthenticated } from './outcomes.ts'
import { openProvider, ProviderFault, type Attempt, type Provider } from './provider.ts'
import { cookieName, cookieOf, type CookieName, type SessionContent } from './sessionDoor.ts'
import type { SignInTools } from './signIn.ts'

/** How long somebody may take at the provider, in seconds. */
const attemptSeconds = 600

/** Where a browser is sent when it asks for no other place. */
const home = '/docs'

/** A path on this site: never `//host`, which browsers take for another one. */
const localPath = '^/(?![/\\\\])[A-Za-z0-9._~/-]{0,200}$'

type Tools = SignInTools & Readonly<{ provider: Provider; publicUrl: string }>

const setCookie = (
  { secure }: SignInTools,
  reply: FastifyReply,
  name: CookieName,
  { value, maxAge }: Readonly<{ value: string; maxAge: number }>,
): void => {
  const shared = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const
  const cookie = stringifySetCookie(cookieName(name, secure), value, { ...shared, maxAge })
  reply.header('set-cookie', [...[reply.getHeader('set-cookie') ?? []].flat().map(String), cookie])
}

const forget = (tools: SignInTools, reply: FastifyReply, name: CookieName): void =>
  setCookie(tools, reply, name, { value: '', maxAge: 0 })

/** A secret leaves the address bar's history and no cache keeps it. */
const seeOther = (reply: FastifyReply, url: string): FastifyReply =>
  reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').redirect(url, 303)

/** Ends the session that a browser shows, if it shows one. @returns what signs it out at the provider */
const endSession = async (tools: SignInTools, request: FastifyRequest): Promise<string | undefined> => {
  const secret = cookieOf(request, cookieName('session', tools.secure))
  const ticket = secret === undefined ? undefined : await tools.tickets.take('session', secret)
  return (ticket?.content as SessionContent | undefined)?.idToken
}

const away = (): Problem => new Problem('PROVIDER_UNAVAILABLE', { headers: { 'retry-after': '5' } })

/** Fails the sign-in: the journal has the cause, whoever asks learns that he is not signed in. */
const fail = async (
  { outcomes }: SignInTools,
  request: FastifyRequest,
  { cause, identifier = 'provider', isAway = false }: Failure,
): Promise<never> => {
  await outcomes.failed(request, { means: 'sso', cause, identifier })
  throw isAway ? away() : unauthenticated()
}

/** For what the provider has answered, or not. */
const failing =
  (tools: SignInTools, request: FastifyRequest) =>
  async (error: unknown): Promise<never> => {
    if (!(error instanceof ProviderFault)) throw error
    return fail(tools, request, { cause: error.fault, isAway: error.isAway })
  }
type Failure = Readonly<{ cause: string; identifier?: string; isAway?: boolean }>

const login = async (tools: Tools, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const { returnTo = home } = request.query as { returnTo?: string }
  const { url, attempt } = await tools.provider.begin(returnTo).catch(failing(tools, request))
  const value = await tools.tickets.open('attempt', attempt, attemptSeconds)
  setCookie(tools, reply, 'attempt', { value, maxAge: attemptSeconds })
  return seeOther(reply, url.href)
}

/** The attempt that this browser began: it is used once, whatever comes of it. */
const attemptOf = async (tools: Tools, request: FastifyRequest): Promise<Attempt | undefined> => {
  const secret = cookieOf(request, cookieName('attempt', tools.secure))
  const ticket = secret === undefined ? undefined : await tools.tickets.take('attempt', secret)
  return ticket === undefined || ticket.until <= tools.services.now()
    ? undefined
    : (ticket.content as Attempt)
}

const callback = async (
  tools: Tools,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { tickets, services, settings, outcomes, provider, publicUrl } = tools
  forget(tools, reply, 'attempt')
  const attempt = await attemptOf(tools, request)
  if (attempt === undefined) return fail(tools, request, { cause: 'attemptUnknown' })
  const url = new URL(request.url, publicUrl)
  const { issuer, subject, idToken } = await provider.finish(url, attempt).catch(failing(tools, request))
  const account = await services.accounts.byIdentity({ issuer, subject })
  const identifier = `${subject} ${issuer}`
  if (account === undefined) return fail(tools, request, { cause: 'identityUnknown', identifier })
  await endSession(tools, request)
  await outcomes.signedIn(request, { means: 'sso', account, identifier }, await services.posts.held(account))
  const content: SessionContent = { issuer, subject, idToken }
  const { absolute } = settings.session
  const value = await tickets.open('session', content, absolute)
  setCookie(tools, reply, 'session', { value, maxAge: absolute })
  return seeOther(reply, attempt.returnTo)
}

const logout = async (tools: Tools, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const { crossSite, provider, publicUrl } = tools
  if (crossSite(request, 'always')) throw new Problem('CROSS_SITE')
  const idToken = await endSession(tools, request)
  forget(tools, reply, 'session')
  const backTo = `${publicUrl}${home}`
  if (idToken === undefined) return seeOther(reply, home)
  // Signed out here in any case, also while the provider is away.
  const url = await provider.signOut(idToken, backTo).catch(() => undefined)
  return seeOther(reply, url?.href ?? home)
}

const redirect = (description: string) => ({ 303: { description } })

/** The routes of `/auth`, where a provider is configured. */
export const browserRoutes = (app: FastifyInstance, tools: SignInTools): void => {
  const { publicUrl, provider: settings } = tools.settings
  if (settings === undefined || publicUrl === undefined) return
  const provider = openProvider(settings, `${publicUrl}/auth/callback`)
  const all: Tools = { ...tools, provider, publicUrl }
  const text = (summary: string) => documented({ summary, tag: 'sign-in', clauses: [] })
  app.get(
    '/auth/login',
    {
      schema: {
        ...text('Begin to sign in at the OpenID Connect provider'),
        querystring: Type.Object(
          {
            returnTo: Type.Optional(
              Type.String({ pattern: localPath, description: 'A path on this site, for afterwards.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: redirect('To the provider.'),
      },
    },
    (request, reply) => login(all, request, reply),
  )
  app.get(
    '/auth/callback',
    {
      schema: {
        ...text('Where the provider sends the browser back to'),
        response: redirect('To where the browser wanted to be, with a session in a cookie.'),
      },
    },
    (request, reply) => callback(all, request, reply),
  )
  app.post(
    '/auth/logout',
    {
      schema: {
        ...text('Sign out, here and at the provider'),
        response: redirect('To the provider, which signs out too.'),
      },
    },
    (request, reply) => logout(all, request, reply),
  )
}
