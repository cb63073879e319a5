// Spans of what a process does: a request, a command, an append, a signature, a job. Without OpenTelemetry they cost nothing, and a
// request still has a trace id, which is the caller's where he gave one (W3C Trace Context).
import { randomBytes } from 'node:crypto'

/** Names of parts and kinds only: nothing that says who or which. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

export type Span = Readonly<{
  /** 32 hexadecimal digits. */
  traceId: string
  set: (attributes: Attributes) => void
  /** What `act` begins, now or later, is a part of this span. */
  within: <T>(act: () => T) => T
  /** @param failed the name of the error; its message stays where it is */
  end: (failed?: string) => void
}>

/** Of the process whose spans they are. */
export type About = Readonly<{
  service: string
  version: string
  /** That spans are sent with: how this process signs in where they go. */
  headers?: Readonly<Record<string, string>>
}>

export type Tracing = Readonly<{
  /** A request that came in. @param traceparent as its header has it; whatever is wrong with it, a new trace begins */
  request: (name: string, traceparent: string | undefined) => Span
  /** A part of what is under way. */
  span: <T>(name: string, attributes: Attributes, act: (span: Span) => Promise<T>) => Promise<T>
  /** Sends what waits. */
  close: () => Promise<void>
}>

export type Caller = Readonly<{ traceId: string; spanId: string; flags: number }>

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00. */
export const callerOf = (traceparent: string | undefined): Caller | undefined => {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
  if (traceId === '' || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

const silent = (traceId: string): Span => ({
  traceId,
  set: () => undefined,
  within: (act) => act(),
  end: () => undefined,
})

const nobody = silent('0'.repeat(32))

/** Nobody listens: trace ids, and nothing else. */
export const noTracing: Tracing = {
  request: (_, traceparent) => silent(callerOf(traceparent)?.traceId ?? randomBytes(16).toString('hex')),
  span: (_name, _attributes, act) => act(nobody),
  close: async () => undefined,
}
