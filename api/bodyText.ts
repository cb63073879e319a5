// Text of a body as the ledger takes it (proofs.md 1.1): in normal form C, whatever keyboard composed its accents.
import type { FastifyInstance } from 'fastify'
import { Problem } from './problems.ts'

const loneSurrogate = /\p{Surrogate}/u

/** RFC 8259 9: how deep a body may nest. No schema goes half as far, and what is deeper would exhaust the stack. */
const deepest = 32

/** @throws Problem MALFORMED_JSON on half of a character (RFC 8259 8.2), and on what is too deep */
const inNormalForm = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') {
    if (loneSurrogate.test(value)) throw new Problem('MALFORMED_JSON')
    return value.normalize('NFC')
  }
  if (typeof value !== 'object' || value === null) return value
  if (depth === deepest) throw new Problem('MALFORMED_JSON')
  const inside = (inner: unknown): unknown => inNormalForm(inner, depth + 1)
  if (Array.isArray(value)) return value.map(inside)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner)]))
}

/** Brings the bodies of JSON requests into normal form C before anything looks at them. */
export const installBodyText = (app: FastifyInstance): void => {
  app.addHook('preValidation', async (request) => {
    request.body = inNormalForm(request.body)
  })
}
