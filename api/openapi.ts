// The documentation that programs and people read: OpenAPI 3.1 at /openapi.json, a browser at /docs.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { Type } from 'typebox'
import { roles } from '../domain/lists.ts'
import type { Policy } from '../domain/policy/policy.ts'

const optional = Type.Optional

const keyHeader = Type.Object({
  'idempotency-key': Type.String({
    format: 'uuid',
    description:
      'Names this command. Sent again with the same key and body, it is carried out once; with another body it is refused.',
  }),
})
const matchHeader = Type.Object({
  'if-match': optional(
    Type.String({
      description:
        '`W/"<revision>"` as GET answered it for what the path names: refused with 412 when that has changed since.',
    }),
  ),
})
const readHeaders = Type.Object({
  'x-min-position': optional(
    Type.String({
      description: '`C:<commit>/P:<prepare>` as a command answered it: waits until it can be seen.',
    }),
  ),
})
const actingRole = Type.Object({
  'acting-role': optional(
    Type.Enum([...roles], { description: 'Which of several roles the caller acts in.' }),
  ),
})

const headersOf = (kind: 'command' | 'read' | undefined, url: string) => {
  if (kind === undefined) return undefined
  // A path without an id makes something new, which nobody can have seen.
  const precondition = url.includes(':') ? matchHeader.properties : {}
  const own = kind === 'command' ? { ...keyHeader.properties, ...precondition } : readHeaders.properties
  return Type.Object({ ...own, ...actingRole.properties })
}

const problem = {
  description: 'What went wrong, by a stable code; the codes are at /problems.',
  content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
}

/** Headers and problems are the same for every route of a kind: they are documented here, and checked by code. */
const completed = (
  schema: FastifySchema,
  kind: 'command' | 'read' | undefined,
  url: string,
): FastifySchema => {
  const headers = headersOf(kind, url)
  const response = { ...(schema.response as object | undefined), '4xx': problem, '5xx': problem }
  return { ...schema, ...(headers === undefined ? {} : { headers }), response }
}

const rest = Type.Object({ request: Type.String() })

const tags = [
  ['entities', 'Legal persons that certificates may name'],
  ['appointments', 'Certification agents (MC)'],
  ['requests', 'Requests for a certificate, and their registration files'],
  ['sessions', 'Personalisation at the desk'],
  ['renewals', 'Renewal by the holder, alone or with the registration authority'],
  ['holders', 'What a holder has'],
  ['cards', 'Cards and their PIN'],
  ['certificates', 'Certificates: search, content, status, acceptance, revocation'],
  ['revocations', 'Requests for revocation, and the time that they take'],
  ['recovery-requests', 'Recovery of escrowed keys'],
  ['retention', 'How long everything is kept: due lists, holds, destruction'],
  ['authorities', 'The issuing authority, its key, and the end of its life'],
  ['components', 'Components of the service and their controls'],
  ['disputes', 'Disputes brought to the support'],
  ['documents', 'Documents and parameters, by their versions'],
  ['notices', 'Who has been told what, and which conditions of use bind a holder'],
  ['streams', 'History of the ledger'],
  ['sign-in', 'Sessions of browsers, access tokens of programs'],
  ['publication', 'What relying parties fetch: chain, CRL, conditions of use'],
  ['ocsp', 'Certificate status online'],
  ['operation', 'Probes and reference'],
].map(([name = '', description = '']) => ({ name, description }))

/** The ways in (api/signIn/): an account's token, a client certificate, a browser's session, an API client's access token. */
const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The token of an account, or an access token.' },
  certificate: {
    type: 'mutualTLS',
    description: 'A certificate that is bound to an account, in TLS or in Client-Cert of a proxy (RFC 9440).',
  },
  client: {
    type: 'oauth2',
    description: 'API clients: client_secret_basic, private_key_jwt or tls_client_auth.',
    flows: { clientCredentials: { tokenUrl: '/oauth/token', scopes: {} } },
  },
  session: {
    ...{ type: 'apiKey', in: 'cookie', name: '__Host-grand-livre-session' },
    description:
      'A browser that has signed in at the OpenID Connect provider, by /auth/login, where one is configured.',
  },
} as const

/** Before any route is declared. CGU-09: with the contact point of the authority. */
export const installOpenApi = async (
  app: FastifyInstance,
  { release, policy: { contact } }: Readonly<{ release: string; policy: Policy }>,
): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Grand-Livre',
        version: release,
        contact: { name: `${contact.name}, ${contact.post}`, email: contact.email },
        description:
          'Certification authority ledger of AC CONFIDENTIALITE MEF QUALIFIEE. Every rule that a command meets is a clause of the conditions of use (CGU).',
      },
      tags,
      components: {
        // The types of the documentation's library do not know mutualTLS, which is new in OpenAPI 3.1.
        securitySchemes: securitySchemes as object as Record<string, { type: 'http'; scheme: string }>,
      },
    },
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
    },
    // OpenAPI has no wildcard: the rest of the path is a parameter like any other.
    transform: ({ schema, url, route }) => ({
      schema: completed(url.endsWith('*') ? { ...schema, params: rest } : schema, route.config?.kind, url),
      url: url.replace('*', ':request'),
    }),
  })
}

/** Where the documentation is read. */
export const documentationRoutes = async (app: FastifyInstance): Promise<void> => {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'none', deepLinking: true },
    staticCSP: {
      'default-src': ["'self'"],
      'base-uri': ["'self'"],
      'object-src': ["'none'"],
      'frame-ancestors': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'", "'unsafe-inline'"],
      'img-src': ["'self'", 'data:'],
    },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_, reply) =>
    reply.type('application/json').send(app.swagger()),
  )
}
