// Every error that leaves a route becomes one problem document here. Errors are known by their name where their class lives
// in a folder that the API does not import.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Contended, RevisionMismatch } from '../commands/handle.ts'
import { LintRefused } from '../commands/issuing.ts'
import { refusalCodeOf } from '../commands/keyRefusals.ts'
import { ProcessRefused } from '../commands/program.ts'
import { surroundingsAtFault } from '../readmodels/surroundings.ts'
import {
  isRefusalCode,
  languageOf,
  Problem,
  problemDocument,
  statusOf,
  type FieldFault,
  type ProblemCode,
} from './problems.ts'
import { namePattern } from './schemas.ts'

const parts = { body: 'body', querystring: 'query', params: 'path', headers: 'header' } as const

type Finding = NonNullable<FastifyError['validation']>[number]

/** Where a finding points: at the field itself, also when it is missing or unknown. */
const pointerOf = ({ instancePath, params }: Finding): string => {
  const field = params['missingProperty'] ?? params['additionalProperty']
  if (typeof field !== 'string') return instancePath
  return `${instancePath}/${field.slice(0, 64).replace(/~/g, '~0').replace(/\//g, '~1')}`
}

const notAName = 'must have no invisible character, no line separator, no blank at either end'

const validationProblem = ({ validation = [], validationContext = 'body' }: FastifyError): Problem => {
  const faults = validation.map((finding): FieldFault => {
    const message = finding.params['pattern'] === namePattern ? notAName : (finding.message ?? 'does not fit')
    return { in: parts[validationContext], pointer: pointerOf(finding), message }
  })
  return new Problem('VALIDATION_FAILED', { errors: faults.slice(0, 20) })
}

const retry = { 'retry-after': '1' }

const byName: Readonly<Record<string, EdgeFault>> = {
  LedgerFault: { code: 'LEDGER_UNAVAILABLE', headers: { 'retry-after': '5' } },
  RowsBehind: { code: 'PROJECTION_LAGGING', headers: retry },
  KeyFault: { code: 'CUSTODY_UNAVAILABLE', headers: { 'retry-after': '5' } },
}
type EdgeFault = Readonly<{ code: ProblemCode; headers?: Readonly<Record<string, string>> }>

const byCode: Readonly<Record<string, EdgeFault>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'MALFORMED_JSON' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'MALFORMED_JSON' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'MALFORMED_JSON' },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'PAYLOAD_TOO_LARGE' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE' },
  FST_ERR_BAD_URL: { code: 'NOT_FOUND' },
}

const bySurroundings: Readonly<Record<'disk' | 'database', EdgeFault>> = {
  disk: { code: 'STORAGE_UNAVAILABLE', headers: { 'retry-after': '30' } },
  database: { code: 'READ_MODEL_UNAVAILABLE', headers: retry },
}

const knownCause = (error: Error & { code?: unknown }): Problem | undefined => {
  if (error instanceof Problem) return error
  if (error instanceof RevisionMismatch)
    return new Problem('REVISION_MISMATCH', {
      detail: `revision ${error.actual}`,
      headers: { etag: `W/"${error.actual}"` },
    })
  if (error instanceof Contended) return new Problem('CONTENDED', { headers: retry })
  if (error instanceof LintRefused) return new Problem('LINT_REFUSED', { detail: error.findings.join(' ') })
  if (error instanceof ProcessRefused && isRefusalCode(error.code))
    return new Problem(error.code, { clause: error.clause })
  // Another try gets the same answer. Why, the ledger has (keyRefusals.ts): to a caller it would tell what lies in the vault.
  if (refusalCodeOf(error) !== undefined) return new Problem('ESCROW_REFUSED', { clause: 'CGU-41' })
  return undefined
}

/** The problem that an error is; undefined for one that nobody foresaw. */
const problemOf = (error: FastifyError): Problem | undefined => {
  const known = knownCause(error)
  if (known !== undefined) return known
  if (error.validation !== undefined) return validationProblem(error)
  const code = typeof error.code === 'string' ? error.code : ''
  const around = surroundingsAtFault(error)
  const fault = byName[error.name] ?? byCode[code] ?? (around && bySurroundings[around])
  if (fault !== undefined) return new Problem(fault.code, { headers: fault.headers ?? {} })
  return error.statusCode === 400 ? new Problem('MALFORMED_JSON') : undefined
}

const send = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply => {
  const language = languageOf(request.headers['accept-language'])
  request.outcome = { ...request.outcome, code: problem.code }
  return reply
    .code(statusOf(problem.code))
    .headers({ 'cache-control': 'no-store', ...problem.particulars.headers })
    .header('content-language', language)
    .type('application/problem+json')
    .send(JSON.stringify(problemDocument(problem, language, request.id)))
}

/** The document for an error. One that nobody foresaw is logged, and says nothing of itself. */
export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: FastifyError,
): FastifyReply => {
  const problem = problemOf(error)
  if (problem === undefined || statusOf(problem.code) >= 500) request.log.error({ err: error }, 'fault')
  return send(request, reply, problem ?? new Problem('INTERNAL_ERROR'))
}

type Route = Readonly<{ method: string; matches: RegExp }>

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) =>
        part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  )

/** Installs the handlers; before any route, because it listens to which routes there are. */
export const installProblems = (app: FastifyInstance): void => {
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, matches: patternOf(url) })
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => sendProblem(request, reply, error))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const allowed = routes.filter(({ matches }) => matches.test(path)).map(({ method }) => method)
    if (allowed.length === 0) return send(request, reply, new Problem('NOT_FOUND'))
    const allow = [...new Set(allowed)].sort().join(', ')
    return send(request, reply, new Problem('METHOD_NOT_ALLOWED', { headers: { allow } }))
  })
}
