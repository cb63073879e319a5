// Documents for anybody: the same octets until they change, so caches may keep and compare them (RFC 9110 sections 13, 14).
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Instant } from '../domain/kernel.ts'
import { Problem } from './problems.ts'

export type Document = Readonly<{
  bytes: Uint8Array
  type: string
  /** SHA-256 of the octets, in hex: the strong entity tag. */
  sha256: string
  lastModified: Instant
  cacheControl: string
  expires?: Instant
}>

/** An instant as HTTP writes it (RFC 9110 5.6.7). */
export const httpDate = (instant: Instant): string => new Date(instant).toUTCString()

const named = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)

/** Whether the client already has these octets. Only the stronger of two conditions counts (RFC 9110 13.2.2). */
const unchanged = ({ headers }: FastifyRequest, etag: string, lastModified: Instant): boolean => {
  const tags = headers['if-none-match']
  if (tags !== undefined) return named(tags, etag)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && Date.parse(lastModified) <= since
}

type Span = Readonly<{ from: number; to: number }>

/** Whether a range may be cut out: `If-Range` names these very octets, or is not there (RFC 9110 13.1.5). */
const rangeApplies = ({ headers }: FastifyRequest, etag: string, lastModified: Instant): boolean => {
  const condition = headers['if-range']
  return condition === undefined || condition === etag || condition === httpDate(lastModified)
}

/** The one range asked for; undefined for none, or for several, which nobody has to be given (RFC 9110 14.2). */
const spanOf = (range: string | undefined, size: number): Span | undefined => {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '') ?? []
  if (first === '') return last === '' ? undefined : { from: Math.max(0, size - Number(last)), to: size - 1 }
  return { from: Number(first), to: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/**
 * Answers a document, or 304, or one range of it.
 * @throws Problem RANGE_NOT_SATISFIABLE
 */
export const sendDocument = (
  request: FastifyRequest,
  reply: FastifyReply,
  document: Document,
): FastifyReply => {
  const { bytes, type, sha256, lastModified, cacheControl, expires } = document
  const etag = `"${sha256}"`
  reply.headers({
    etag,
    'last-modified': httpDate(lastModified),
    'cache-control': cacheControl,
    'accept-ranges': 'bytes',
    'cross-origin-resource-policy': 'cross-origin',
    ...(expires === undefined ? {} : { expires: httpDate(expires) }),
  })
  if (unchanged(request, etag, lastModified)) return reply.code(304).send()
  reply.type(type)
  const cut = request.method === 'GET' && rangeApplies(request, etag, lastModified)
  const span = cut ? spanOf(request.headers.range, bytes.length) : undefined
  if (span === undefined) return reply.send(Buffer.from(bytes))
  if (span.from > span.to || span.from >= bytes.length)
    throw new Problem('RANGE_NOT_SATISFIABLE', { headers: { 'content-range': `bytes */${bytes.length}` } })
  const range = `bytes ${span.from}-${span.to}/${bytes.length}`
  return reply
    .code(206)
    .header('content-range', range)
    .send(Buffer.from(bytes.subarray(span.from, span.to + 1)))
}
