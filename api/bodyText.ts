// Text of a body as the ledger takes it (proofs.md 1.1): in normal form C, whatever keyboard composed its accents.
import type { FastifyInstance } from 'fastify'
import { Problem } from './problems.ts'

const loneSurrogate = /\p{Surrogate}/u

/** @throws Problem MALFORMED_JSON on half of a character (RFC 8259 8.2) */
const inNormalForm = (value: unknown): unknown => {
  if (typeof value === 'string') {
    if (loneSurrogate.test(value)) throw new Problem('MALFORMED_JSON')
    return value.normalize('NFC')
  }
  if (Array.isArray(value)) return value.map(inNormalForm)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inNormalForm(inner)]))
}

/** Brings the bodies of JSON requests into normal form C before anything looks at them. */
export const installBodyText = (app: FastifyInstance): void => {
  app.addHook('preValidation', async (request) => {
    request.body = inNormalForm(request.body)
  })
}
