// /metrics and the probes for those who run the service. What they count is nobody's business outside: they have a port of their own,
// which is not published. Without one, a test environment answers its own machine alone, and only where no proxy stands between.
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Metrics } from '../telemetry/metrics.ts'
import { livenessRoute, readinessRoute, type Probed } from './probes.ts'
import { Problem } from './problems.ts'
import { documented } from './routes.ts'
import { urlOf, type ServerOptions } from './server.ts'

const loopback = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
const marksOfProxies = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'] as const

/** Asked by this machine, and for itself: a proxy on it asks for others. */
const isLocal = ({ raw, headers }: FastifyRequest): boolean =>
  loopback.test(raw.socket.remoteAddress ?? '') && marksOfProxies.every((name) => headers[name] === undefined)

const schema = {
  ...documented({
    tag: 'operation',
    clauses: [],
    summary: 'What is counted, for Prometheus: to this machine alone',
  }),
  response: {
    200: {
      description: 'The text form of Prometheus.',
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
  },
}

const answer = (
  app: FastifyInstance,
  metrics: Metrics,
  mayAsk: (request: FastifyRequest) => boolean,
): void => {
  app.get('/metrics', { schema }, async (request, reply) => {
    if (!mayAsk(request)) throw new Problem('NOT_FOUND')
    const { type, text } = await metrics.exposition()
    return reply.header('cache-control', 'no-store').type(type).send(text)
  })
}

/** What an application answers of itself beside what it is there for: /readyz, and /metrics for the machine itself where that has no port. */
export const selfRoutes = (app: FastifyInstance, probed: Probed, options: ServerOptions): void => {
  const { metrics, localMetrics, isDraining } = options
  readinessRoute(app, { ...probed, isDraining })
  if (metrics !== undefined && localMetrics === true) answer(app, metrics, isLocal)
}

/** Commands that came to their end before a decider was asked: by somebody who may not, or who said it wrongly. The others are counted there. */
export const countUndecided = (app: FastifyInstance, metrics: Metrics): void => {
  app.addHook('onResponse', async ({ outcome: { command, stream, code } }, { statusCode, elapsedTime }) => {
    if (command === undefined || code === undefined || stream !== undefined) return
    metrics.command({ command, outcome: statusCode < 500 ? 'refused' : 'failed', code }, elapsedTime / 1000)
  })
}

export type OpsListener = Readonly<{ url: string; close: () => Promise<void> }>

/**
 * A listener for operators alone: /metrics, /livez, /readyz. For a process that serves nothing else, too.
 * @throws Error with a `code`, as EADDRINUSE, where it cannot listen
 */
export const openOpsListener = async (
  { host, port }: Readonly<{ host: string; port: number }>,
  { metrics, readiness }: Readonly<{ metrics: Metrics; readiness: Probed }>,
): Promise<OpsListener> => {
  const app = Fastify({ forceCloseConnections: true })
  answer(app, metrics, () => true)
  livenessRoute(app)
  readinessRoute(app, readiness)
  await app.listen({ host, port })
  const { port: taken } = app.server.address() as AddressInfo
  return { url: urlOf('http', host, taken), close: () => app.close() }
}
