// CGU-107: certificate status online, over HTTP as RFC 6960 appendix A and RFC 9919 want it: POST, or GET with the request in
// the path in base64.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sha256 } from '../commands/issuing.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { httpDate } from './document.ts'
import type { OcspReply, OcspResponder } from './ocspAnswers.ts'
import { documented } from './routes.ts'
import type { Services } from './services.ts'

const requestType = 'application/ocsp-request'
const responseType = 'application/ocsp-response'
/** A request for ten certificates is shorter, with a nonce and signed. */
const bodyLimit = 16 * 1024

/**
 * The octets that a GET's path holds after `prefix`: base64, percent-encoded or not, perhaps after one slash too many. What
 * cannot be read becomes no octets, which no request is.
 */
const octetsOfPath = (url: string, prefix: string): Uint8Array => {
  const rest = (url.split('?')[0] ?? '').slice(prefix.length).replace(/^\/+/, '')
  const text = decoded(rest).replace(/ /g, '+')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : new Uint8Array()
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** RFC 9919 section 6: an answer made for everybody may be kept until it ends; one with a nonce, or an error, never. */
const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, cacheable }: OcspReply,
  now: string,
): FastifyReply => {
  reply.header('cross-origin-resource-policy', 'cross-origin')
  if (cacheable === undefined)
    return reply.header('cache-control', 'no-store').type(responseType).send(Buffer.from(bytes))
  const { thisUpdate, nextUpdate } = cacheable
  const maxAge = Math.max(0, secondsOf(nextUpdate) - secondsOf(now))
  const etag = `"${sha256(bytes)}"`
  reply.headers({
    etag,
    'last-modified': httpDate(thisUpdate),
    expires: httpDate(nextUpdate),
    'cache-control': `max-age=${maxAge}, public, no-transform, must-revalidate`,
  })
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (request.method !== 'POST' && known?.includes(etag)) return reply.code(304).send()
  return reply.type(responseType).send(Buffer.from(bytes))
}

const answer = {
  200: {
    description: 'An OCSPResponse. Errors of RFC 6960 2.3 are answers too.',
    content: { [responseType]: { schema: { type: 'string', format: 'binary' } } },
  },
}

/** @param count told of each answer, with the seconds that it took */
export const ocspRoutes = async (
  app: FastifyInstance,
  services: Pick<Services, 'policy' | 'now'>,
  responder: OcspResponder,
  count: Metrics['ocsp'] = () => undefined,
): Promise<void> => {
  const respond = async (method: 'GET' | 'POST', octets: Uint8Array): Promise<OcspReply> => {
    const began = performance.now()
    const given = await responder.answer(octets)
    count({ method, status: given.status }, (performance.now() - began) / 1000)
    return given
  }
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(requestType, { parseAs: 'buffer', bodyLimit }, (_, body, done) => {
      done(null, body)
    })
    const about = { tag: 'ocsp', clauses: ['CGU-107'] } as const
    const prefixes = new Set(services.policy.publication.ocsp.map((url) => new URL(url).pathname))
    for (const prefix of prefixes) {
      const directory = prefix.endsWith('/') ? prefix : `${prefix}/`
      const post = async (request: FastifyRequest, reply: FastifyReply) => {
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
        return send(request, reply, await respond('POST', body), services.now())
      }
      const schema = { ...documented({ ...about, summary: 'Status of certificates' }), response: answer }
      const body = { content: { [requestType]: { schema: { type: 'string', format: 'binary' } } } }
      scope.post(directory, { schema: { ...schema, body }, validatorCompiler: () => () => true }, post)
      if (directory !== '/') scope.post(directory.slice(0, -1), { schema: { hide: true } }, post)
      scope.get(
        `${directory}*`,
        {
          schema: {
            ...schema,
            summary: 'Status of certificates, the request in the path, in base64',
          },
        },
        async (request, reply) => {
          const octets = octetsOfPath(request.raw.url ?? '', directory)
          return send(request, reply, await respond('GET', octets), services.now())
        },
      )
    }
  })
}
