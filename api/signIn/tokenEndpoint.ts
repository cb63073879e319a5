// POST /oauth/token: an API client exchanges a proof of who it is for an access token of a few minutes (RFC 6749 4.4). The token is
// opaque, kept as a digest, and gives what the client's account holds. Errors are those of RFC 6749 5.2, which are no problem
// documents.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { documented } from '../routes.ts'
import { accessPrefix } from './bearer.ts'
import { proofOf, unclearProof, type Form, type ProofTools } from './clientProof.ts'
import type { SignInTools } from './signIn.ts'

/** How long an access token is good for, in seconds. */
const accessSeconds = 600

const formType = 'application/x-www-form-urlencoded'

type OAuthError = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope'

const refuse = (request: FastifyRequest, reply: FastifyReply, error: OAuthError): FastifyReply => {
  const isClient = error === 'invalid_client'
  // RFC 6749 5.2: the scheme that was tried is named again.
  if (isClient && request.headers.authorization !== undefined) reply.header('www-authenticate', 'Basic')
  request.outcome = { ...request.outcome, code: error }
  return reply
    .code(isClient ? 401 : 400)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify({ error }))
}

/** RFC 6749 3.2: a parameter is sent once; one without a value is as if it were left out. */
const formOf = (body: unknown): Form | undefined => {
  if (typeof body !== 'string') return undefined
  const pairs = [...new URLSearchParams(body)]
  const form = new Map(pairs)
  return form.size === pairs.length ? new Map(pairs.filter(([, value]) => value !== '')) : undefined
}

const faultOf = (form: Form): OAuthError | undefined => {
  const grant = form.get('grant_type')
  if (grant === undefined) return 'invalid_request'
  if (grant !== 'client_credentials') return 'unsupported_grant_type'
  // What an account holds is decided by its appointments: there is nothing less to ask for.
  return form.has('scope') ? 'invalid_scope' : undefined
}

const give = async (
  tools: SignInTools & Readonly<{ proof: ProofTools }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { outcomes, services, tickets } = tools
  const form = formOf(request.body)
  const fault = form === undefined ? 'invalid_request' : faultOf(form)
  if (form === undefined || fault !== undefined) return refuse(request, reply, fault ?? 'invalid_request')
  const proof = await proofOf(tools.proof, request, form)
  if (proof === undefined) {
    const unclear = unclearProof(request, form)
    if (unclear !== undefined) await outcomes.failed(request, { means: 'accessToken', ...unclear })
    return refuse(request, reply, 'invalid_request')
  }
  if ('cause' in proof) {
    await outcomes.failed(request, { means: 'accessToken', ...proof })
    return refuse(request, reply, 'invalid_client')
  }
  const { account } = proof.client
  const found = { means: 'accessToken', account, identifier: account.id } as const
  await outcomes.signedIn(request, found, await services.posts.held(account))
  const content = { client: account.id, person: account.person }
  const secret = await tickets.open('access', content, accessSeconds)
  return reply.header('cache-control', 'no-store').send({
    ...{ access_token: `${accessPrefix}${secret}`, token_type: 'Bearer', expires_in: accessSeconds },
  })
}

/** Declares the route. */
export const tokenRoute = (app: FastifyInstance, tools: SignInTools): void => {
  const { accounts, now } = tools.services
  const { publicUrl } = tools.settings
  const audiences = publicUrl === undefined ? [] : [publicUrl, `${publicUrl}/oauth/token`]
  const { tickets, byCertificate } = tools
  const all = { ...tools, proof: { accounts, tickets, byCertificate, now, audiences } }
  app.post(
    '/oauth/token',
    {
      schema: {
        ...documented({
          summary: 'An access token for an API client (RFC 6749, client credentials)',
          description: `Takes ${formType}: grant_type, and one proof: client_secret_basic, private_key_jwt or tls_client_auth.`,
          ...{ tag: 'sign-in', clauses: [] },
        }),
        response: {
          200: Type.Object({
            access_token: Type.String(),
            token_type: Type.Literal('Bearer'),
            expires_in: Type.Integer({ description: 'Seconds.' }),
          }),
        },
      },
    },
    (request, reply) => give(all, request, reply),
  )
}

/** Forms are read as they stand: each route says what it makes of one. */
export const readForms = (app: FastifyInstance): void => {
  app.addContentTypeParser(formType, { parseAs: 'string' }, (_request, body, done) => done(null, body))
}
