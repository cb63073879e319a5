// A trace for each request: its id is the request's own, in the log and in problem documents, and what the handler does lies within.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Span, Tracing } from '../telemetry/tracing.ts'

/** By the raw request, for the id is asked for before there is another. */
type Spans = WeakMap<object, Span>

export type RequestTraces = Readonly<{
  /** For the server's settings: begins the trace of a request, and names the request by it. */
  genReqId: (raw: Readonly<{ headers: Readonly<Record<string, string | string[] | undefined>> }>) => string
  /** Before any route. */
  install: (app: FastifyInstance) => void
}>

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** What can be said to anybody: the route as it is declared, never the path that was asked. */
const endOf = (span: Span, request: FastifyRequest, status: number): void => {
  const { url: route = 'none' } = request.routeOptions
  const method = methods.has(request.method) ? request.method : 'OTHER'
  const { command, code } = request.outcome
  span.set({
    'span.name': `${method} ${route}`,
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
    ...(command === undefined ? {} : { 'igc.command': command }),
    ...(code === undefined ? {} : { 'igc.code': code }),
  })
  span.end(status >= 500 ? (code ?? String(status)) : undefined)
}

export const createRequestTraces = (tracing: Tracing): RequestTraces => {
  const spans: Spans = new WeakMap()
  return {
    genReqId: (raw) => {
      const { traceparent } = raw.headers
      const span = tracing.request('request', typeof traceparent === 'string' ? traceparent : undefined)
      spans.set(raw, span)
      return span.traceId
    },
    install: (app) => {
      app.addHook('onRoute', (route: RouteOptions) => {
        const { handler } = route
        route.handler = function (request, reply) {
          const span = spans.get(request.raw)
          const act = () => handler.call(this, request, reply)
          return span === undefined ? act() : span.within(act)
        }
      })
      app.addHook('onResponse', async (request, reply) => {
        const span = spans.get(request.raw)
        if (span !== undefined) endOf(span, request, reply.statusCode)
      })
    },
  }
}
