// The server beneath every application of ours: what it takes, how it logs, how it refuses, what each answer bears.
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import type { Metrics } from '../telemetry/metrics.ts'
import { noTracing, type Tracing } from '../telemetry/tracing.ts'
import { installRequestLog, loggerOf, type LogOptions } from './logging.ts'
import { installProblems, sendProblem } from './problemHandler.ts'
import { Problem, problemSchema } from './problems.ts'
import { networkOf, RateStore } from './rateStore.ts'
import { schemaCompilers } from './schemaCompilers.ts'
import { createRequestTraces, type RequestTraces } from './tracing.ts'

/** Where something listens, as `https://[::1]:8443`. */
export const urlOf = (scheme: 'http' | 'https', host: string, port: number): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`

export type ServerOptions = Readonly<{
  /** Logs one line a request; without it nothing is logged. */
  log?: LogOptions
  /** Proxies whose `X-Forwarded-For` is believed: addresses or networks. */
  trustedProxies?: readonly string[]
  /** When schemas are compiled. Default `atFirstUse`. */
  schemas?: Parameters<typeof schemaCompilers>[0]
  /** What is counted here; `localMetrics`: /metrics answers this machine on this listener, as it has none of its own. */
  metrics?: Metrics
  localMetrics?: boolean
  tracing?: Tracing
  /** The process is being stopped: nobody is to be sent here any more, what is under way is finished. */
  isDraining?: () => boolean
}>

const bodyLimit = 64 * 1024

const newServer = (
  release: string,
  { log, trustedProxies, schemas = 'atFirstUse' }: ServerOptions,
  { genReqId }: RequestTraces,
): FastifyInstance => {
  const logger = loggerOf(log, release)
  return Fastify({
    ...(logger === undefined ? {} : { logger }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'traceId' }),
    bodyLimit,
    genReqId,
    requestIdHeader: false,
    trustProxy: trustedProxies === undefined ? false : [...trustedProxies],
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      request.outcome = {}
      void sendProblem(request, reply, error)
    },
    ...schemaCompilers(schemas),
    // A field that the schema does not know is refused, never dropped; a text is never taken for a number.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true },
    },
  })
}

/** Headers for answers that no page of ours shows; the documentation has its own policy. */
const securityHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // CRL and OCSP are plain HTTP (RFC 5280 section 8): the proxy that ends TLS says where HTTPS is to be kept to.
  strictTransportSecurity: false,
}

/** A server without routes. @param release of the software, for the log */
export const openServer = async (release: string, options: ServerOptions): Promise<FastifyInstance> => {
  const traces = createRequestTraces(options.tracing ?? noTracing)
  const app = newServer(release, options, traces)
  installRequestLog(app)
  traces.install(app)
  installProblems(app)
  app.addSchema(problemSchema)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  await app.register(helmet, securityHeaders)
  await app.register(rateLimit, {
    global: false,
    store: RateStore,
    keyGenerator: ({ ip }) => networkOf(ip),
    errorResponseBuilder: (_, { ttl }) =>
      new Problem('TOO_MANY_REQUESTS', { headers: { 'retry-after': String(Math.ceil(ttl / 1000)) } }),
  })
  return app
}
