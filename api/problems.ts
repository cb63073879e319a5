// Problem documents (RFC 9457): what went wrong, by a stable code, with the clause where a rule of the CGU says so. They
// never hold personal data, a secret, or what the client sent.
import { Type, type Static } from 'typebox'
import type { Refusal } from '../domain/kernel.ts'
import { refusals, type RefusalCode } from '../domain/refusals.ts'
import { edgeProblems, type EdgeCode } from './edgeProblems.ts'
import { httpStatus } from './httpStatus.ts'

export type ProblemCode = RefusalCode | EdgeCode

export const fieldFault = Type.Object({
  in: Type.Enum(['body', 'path', 'query', 'header']),
  pointer: Type.String({ description: 'JSON Pointer (RFC 6901) to the field at fault.' }),
  message: Type.String(),
})
export type FieldFault = Static<typeof fieldFault>

export const problemSchema = Type.Object(
  {
    type: Type.String({ description: 'Where the code is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    clause: Type.Optional(Type.String({ description: 'The clause of the CGU, as `CGU-37`.' })),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(fieldFault)),
    traceId: Type.String({ description: 'Names this request in the logs.' }),
  },
  { $id: 'Problem', title: 'Problem' },
)

type Particulars = Readonly<{
  clause?: string
  detail?: string
  errors?: readonly FieldFault[]
  headers?: Readonly<Record<string, string>>
}>

/** Thrown by routes; the error handler makes the document of it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly particulars: Particulars
  constructor(code: ProblemCode, particulars: Particulars = {}) {
    super(code)
    this.code = code
    this.particulars = particulars
  }
}

export const refused = ({ code, clause, detail }: Refusal): Problem =>
  new Problem(code, { clause, ...(detail === '' ? {} : { detail }) })

const isRefusal = (code: ProblemCode): code is RefusalCode => code in refusals

/** Whether a text names a refusal: processes report theirs by its code. */
export const isRefusalCode = (code: string): code is RefusalCode => code in refusals

export const statusOf = (code: ProblemCode): number =>
  isRefusal(code) ? httpStatus[code] : edgeProblems[code].status

export type Language = 'fr' | 'en'

/** French, unless English is preferred to it (RFC 9110 12.5.4). */
export const languageOf = (acceptLanguage: string | undefined): Language => {
  const weights = { fr: 0, en: 0 }
  for (const range of (acceptLanguage ?? '').toLowerCase().split(',')) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    const language = tag.slice(0, 2)
    if (/^(fr|en)(-|$)/.test(tag) && weight > weights[language as Language])
      weights[language as Language] = weight
  }
  return weights.en > weights.fr ? 'en' : 'fr'
}

const textOf = (code: ProblemCode, language: Language): string =>
  (isRefusal(code) ? refusals[code] : edgeProblems[code])[language]

const problemType = (code: ProblemCode): string => `/problems#${code}`

/** The document itself. */
export const problemDocument = (
  { code, particulars: { clause, detail, errors } }: Problem,
  language: Language,
  traceId: string,
): Static<typeof problemSchema> => ({
  type: problemType(code),
  title: textOf(code, language),
  status: statusOf(code),
  code,
  ...(clause === undefined ? {} : { clause }),
  ...(detail === undefined ? {} : { detail }),
  ...(errors === undefined ? {} : { errors: [...errors] }),
  traceId,
})

/** Every code there is, for the page that `type` leads to. */
export const problemCatalogue = (): readonly Readonly<{
  code: string
  status: number
  clauses: readonly string[]
  fr: string
  en: string
}>[] => {
  const codes = [...Object.keys(edgeProblems), ...Object.keys(refusals)].sort() as ProblemCode[]
  return codes.map((code) => ({
    code,
    status: statusOf(code),
    clauses: isRefusal(code) ? refusals[code].clauses : [],
    fr: textOf(code, 'fr'),
    en: textOf(code, 'en'),
  }))
}
