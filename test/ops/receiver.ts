// A collector of OpenTelemetry, as far as a test wants one: takes OTLP over HTTP in JSON.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

type Attribute = Readonly<{ key: string; value: Readonly<Record<string, unknown>> }>
export type SentSpan = Readonly<{
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: readonly Attribute[]
  status?: Readonly<{ code?: number; message?: string }>
}>
type Sent = Readonly<{
  resourceSpans: readonly Readonly<{
    resource: Readonly<{ attributes: readonly Attribute[] }>
    scopeSpans: readonly Readonly<{ spans: readonly SentSpan[] }>[]
  }>[]
}>

export type Receiver = Readonly<{
  url: string
  spans: () => readonly SentSpan[]
  resource: () => readonly Attribute[]
  /** All that was sent, as it was sent. */
  raw: () => string
  /** Of each request, its headers. */
  headers: () => readonly IncomingHttpHeaders[]
  close: () => Promise<void>
}>

export const openReceiver = async (): Promise<Receiver> => {
  const bodies: string[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    headers.push(request.headers)
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (request.method === 'POST' && request.url === '/v1/traces')
        bodies.push(Buffer.concat(parts).toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sent = () => bodies.flatMap((body) => (JSON.parse(body) as Sent).resourceSpans)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => sent().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    resource: () => sent()[0]?.resource.attributes ?? [],
    headers: () => headers,
    raw: () => bodies.join('\n'),
    close: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
