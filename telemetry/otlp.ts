// Spans by OpenTelemetry, sent as OTLP over HTTP in JSON. The other standard variables (sampler, batches, resource) are read
// by its libraries. Nothing is instrumented by itself: what a library would write down of a request or a query is personal data.
import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { callerOf, type About, type Attributes, type Span, type Tracing } from './tracing.ts'

/** @param url where spans are posted */
export const openOtlp = (url: string, { service, version, headers = {} }: About): Tracing => {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.version': version }).merge(
    detectResources({ detectors: [envDetector] }),
  )
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, headers: { ...headers } }))],
  })
  const tracer = provider.getTracer('grand-livre', version)
  // Of this process's tracing alone: no global, so that two do not disturb each other.
  const under = new AsyncLocalStorage<Context>()
  const present = (): Context => under.getStore() ?? ROOT_CONTEXT

  const begin = (name: string, kind: SpanKind, context: Context, attributes: Attributes = {}): Span => {
    const span = tracer.startSpan(name, { kind, attributes }, context)
    return {
      traceId: span.spanContext().traceId,
      set: (more) => {
        const { 'span.name': renamed, ...rest } = more
        if (typeof renamed === 'string') span.updateName(renamed)
        span.setAttributes(rest)
      },
      within: (act) => under.run(trace.setSpan(context, span), act),
      end: (failed) => {
        if (failed !== undefined) {
          span.setAttribute('error.type', failed)
          span.setStatus({ code: SpanStatusCode.ERROR })
        }
        span.end()
      },
    }
  }

  return {
    request: (name, traceparent) => {
      const caller = callerOf(traceparent)
      const context =
        caller === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, {
              ...{ traceId: caller.traceId, spanId: caller.spanId },
              ...{ traceFlags: caller.flags, isRemote: true },
            })
      return begin(name, SpanKind.SERVER, context)
    },
    span: async (name, attributes, act) => {
      const span = begin(name, SpanKind.INTERNAL, present(), attributes)
      try {
        const value = await span.within(() => act(span))
        span.end()
        return value
      } catch (error) {
        span.end(error instanceof Error ? error.name : 'unknown')
        throw error
      }
    },
    close: () => provider.shutdown(),
  }
}
