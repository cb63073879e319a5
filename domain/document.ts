// Documents: one published text, or the parameters, with the version in force at a date (CGU-01, CGU-12, CGU-19, CGU-70).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type, type Static } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, d, h, n, t, url } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { channel, role } from './lists.ts'

const closed = { additionalProperties: false }

const DocumentAdopted = event('DocumentAdopted', {
  pub: {
    version: code,
    oid: Type.Optional(code),
    sha256: h,
    effectiveFrom: t,
    validUntil: Type.Optional(d),
    approvedBy: role,
  },
})

/** The parameters of events.md section 6. Bounds are rules (policy/parameters.ts), not storage. */
const parameters = Type.Object(
  {
    validityYears: n,
    escrowYears: n,
    revocationHours: n,
    crlEveryHours: n,
    crlValidityHours: n,
    ocspLagSeconds: n,
    pinTries: n,
    noticeLeadDays: Type.Array(n),
    mandateMaxAgeMonths: n,
    requestLapseDays: n,
    sessionMinutes: n,
    acceptanceMinutes: n,
    destructionMarginHours: n,
    recoveryQuorum: n,
    approvalHours: n,
    // Not recorded before approvals could be signed.
    signedApprovals: Type.Optional(Type.Boolean()),
    // Only where the policy names any. Digests of public keys of the service's security officers: nobody's own.
    approvalAnchors: Type.Optional(Type.Array(h)),
    regYears: n,
    journalYears: n,
    recoveryYears: n,
    terminationNoticeMonths: n,
    controlEveryMonths: n,
    // Addresses of services, which the CGU print (CGU-70): nobody's own.
    ras: Type.Array(
      Type.Object(
        {
          code,
          channels: Type.Array(channel),
          email: Type.String({ maxLength: 254 }),
          post: Type.String({ maxLength: 254 }),
        },
        closed,
      ),
    ),
    sites: Type.Array(url),
  },
  closed,
)
export type Parameters = Static<typeof parameters>
export const parametersSchema = parameters

const ParametersAdopted = event('ParametersAdopted', {
  pub: { policy: n, effectiveFrom: t, values: parameters },
})

const DocumentPublished = event('DocumentPublished', {
  pub: { version: code, sha256: h, sites: Type.Array(Type.Object({ url, seenAt: t }, closed)) },
})

export const documentForms = [DocumentAdopted, ParametersAdopted, DocumentPublished] as const
export type DocumentEvent = EventOf<(typeof documentForms)[number]>
export type DocumentData<T extends DocumentEvent['type']> = Extract<DocumentEvent, { type: T }>['data']

type Version = Readonly<{
  version: string
  sha256: string
  effectiveFrom: string
  oid?: string
  /** Last day, in France. */
  validUntil?: string
}>
type Published = DocumentData<'DocumentPublished'>
export type Document = Readonly<{
  versions: readonly Version[]
  published: readonly Published[]
  parameters: readonly DocumentData<'ParametersAdopted'>[]
}>

/** The version in force at an instant: the newest one whose date has come. */
export const inForce = ({ versions }: Pick<Document, 'versions'>, at: string): Version | undefined =>
  versions.filter(({ effectiveFrom }) => effectiveFrom <= at).at(-1)

const versionOf = ({ approvedBy: _, ...version }: DocumentData<'DocumentAdopted'>): Version => version

const evolve = (state: Document, { type, data }: DocumentEvent): Document => {
  switch (type) {
    case 'DocumentAdopted':
      return { ...state, versions: [...state.versions, versionOf(data)] }
    case 'DocumentPublished':
      return { ...state, published: [...state.published, data] }
    case 'ParametersAdopted':
      return { ...state, parameters: [...state.parameters, data] }
    default:
      return unreachable(type)
  }
}

export const document: Aggregate<Document, DocumentEvent> = {
  name: 'document',
  initial: { versions: [], published: [], parameters: [] },
  evolve,
  ...codec(documentForms),
  units: () => ({}),
}
