// CRLs: one stream a number, `crl-<issuer>-<number>`; the name is the lock (CGU-05, CGU-76, CGU-106).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { b, code, h, n, t, url, x } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { abandonCause } from './lists.ts'

const CrlPlanned = event('CrlPlanned', {
  pub: {
    thisUpdate: t,
    nextUpdate: t,
    upTo: n,
    entries: n,
    previousSha256: Type.Optional(h),
    last: b,
    profileVersion: n,
  },
})
const CrlIssued = event('CrlIssued', {
  pub: {
    tbsSha256: h,
    signatureAlgorithm: code,
    signature: x,
    sha256: h,
    bytes: n,
    statusTableSha256: h,
  },
})
const CrlPlanRejected = event('CrlPlanRejected', {
  pub: { cause: abandonCause, findings: Type.Array(code) },
})
const CrlPublished = event('CrlPublished', {
  pub: { sha256: h, sites: Type.Array(Type.Object({ url, seenAt: t }, { additionalProperties: false })) },
})

export const crlForms = [CrlPlanned, CrlIssued, CrlPlanRejected, CrlPublished] as const
export type CrlEvent = EventOf<(typeof crlForms)[number]>

/** The plan of one CRL: with the leaves before rank `upTo` it determines the TBSCertList byte for byte. */
export type CrlPlan = Readonly<{
  thisUpdate: string
  nextUpdate: string
  upTo: number
  /** How many it lists. */
  entries: number
  last: boolean
}>
export type Crl =
  | Readonly<{ status: 'none'; tries: number }>
  | (CrlPlan & Readonly<{ status: 'planned'; tries: number }>)
  | (CrlPlan & Readonly<{ status: 'issued' | 'published'; sha256: string }>)

const evolve = (state: Crl, { type, data }: CrlEvent): Crl => {
  const tries = 'tries' in state ? state.tries : 0
  switch (type) {
    case 'CrlPlanned': {
      const { thisUpdate, nextUpdate, upTo, entries, last } = data
      return { status: 'planned', tries: tries + 1, thisUpdate, nextUpdate, upTo, entries, last }
    }
    case 'CrlIssued':
      if (state.status !== 'planned') throw new Error('CrlIssued without CrlPlanned')
      return { ...state, status: 'issued', sha256: data.sha256 }
    case 'CrlPlanRejected':
      return { status: 'none', tries }
    case 'CrlPublished':
      if (!('sha256' in state)) throw new Error('CrlPublished without CrlIssued')
      return { ...state, status: 'published' }
    default:
      return unreachable(type)
  }
}

export const crl: Aggregate<Crl, CrlEvent> = {
  name: 'crl',
  initial: { status: 'none', tries: 0 },
  evolve,
  ...codec(crlForms),
  units: () => ({}),
}
