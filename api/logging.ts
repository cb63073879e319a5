// What the API logs: one line a request, of what can be said to anybody. Never a path's query, a header, a body, a name or
// an address; errors by their name and where they rose, because messages may quote what they choked on.
import type { FastifyInstance, FastifyServerOptions } from 'fastify'

/** What a request came to, gathered on the way for its one line. */
export type RequestOutcome = Readonly<{
  /** Journal of the actor: a pseudonym for one quarter. */
  actor?: string
  role?: string
  command?: string
  stream?: string
  revision?: number
  position?: string
  code?: string
}>

declare module 'fastify' {
  interface FastifyRequest {
    outcome: RequestOutcome
  }
}

/** Off without a level. */
export type LogOptions = Readonly<{
  level: string
  stream?: { write: (line: string) => void }
  /** Which process speaks. Default `api`. */
  service?: string
}>

// What no line of ours names. Where one comes to all the same, its value does not get out.
const secret = [
  ...['surname', 'givenNames', 'name', 'holderName', 'requesterName', 'email', 'matricule', 'documentNumber'],
  ...['pin', 'puk', 'passphrase', 'password', 'token', 'authorization', 'cookie', 'address', 'ip', 'query'],
  ...['body', 'note', 'evidence'],
]
const redact = {
  paths: secret.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
  censor: '[redacted]',
}

const framesOf = (stack: string | undefined): string =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim().replace(/\(?(?:file:\/\/)?\/[^()]*\/([^/()]+:\d+:\d+)\)?/, '($1)'))
    .join('; ')

/** `type`: the error's name. The message is left out, and the stack begins after it. */
const errorLine = (error: Error & { code?: unknown }) => ({
  type: error.name,
  message: '',
  ...(typeof error.code === 'string' ? { code: error.code } : {}),
  stack: framesOf(error.stack),
})

/** Settings of the server's logger. */
export const loggerOf = (
  options: LogOptions | undefined,
  release: string,
): FastifyServerOptions['logger'] => {
  if (options === undefined) return false
  const { level, stream, service = 'api' } = options
  return {
    level,
    ...(stream === undefined ? {} : { stream }),
    base: { service, version: release },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact,
    serializers: { err: errorLine, req: () => ({}), res: () => ({}) },
  }
}

/** One line a request, when its answer has been sent. */
export const installRequestLog = (app: FastifyInstance): void => {
  app.decorateRequest('outcome')
  app.addHook('onRequest', async (request) => {
    request.outcome = {}
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ...request.outcome,
        durationMs: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
}
