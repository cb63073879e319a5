// Requests: a demand for one card, which is also the registration file, and the sessions at the desk (CGU-21 to CGU-37).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { b, clause, code, d, h, id, n, sn, t, text, x } from './fields.ts'
import { identityOf, type Identity } from './identity.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import {
  cardKind,
  documentKind,
  holderKind,
  identityLevel,
  identityMethod,
  leftOutCause,
  means,
  path,
  pieceKind,
  presence,
  profile,
  requestEnd,
  requestKind,
  role,
  sessionOutcome,
  temporaryCause,
  type CardKind,
  type HolderKind,
  type IdentityLevel,
  type RequestKind,
} from './lists.ts'

const optional = Type.Optional

const CertificateRequested = event('CertificateRequested', {
  pub: {
    person: id,
    samePersonAs: Type.Array(id),
    kind: requestKind,
    path,
    requesterRole: role,
    holderKind,
    cardKind,
    temporaryCause: optional(temporaryCause),
    inReferential: b,
    inRaDirectory: b,
    referentialReadAt: t,
    ra: code,
    profile,
    policyOid: code,
    validityYears: n,
    escrow: Type.Literal(true),
    escrowYears: n,
    recoverOldKeys: Type.Literal(true),
    previous: optional(sn),
    reliesOn: optional(id),
  },
  sealed: {
    reg: {
      surname: text,
      givenNames: text,
      nameInCertificate: text,
      email: text,
      matricule: optional(text),
      birth: optional(text),
      entity: id,
      service: optional(text),
      requester: id,
    },
  },
})
const CguAccepted = event('CguAccepted', {
  pub: {
    cguVersion: code,
    cguSha256: h,
    means,
    escrowAsked: Type.Literal(true),
    oldKeyRecoveryAsked: Type.Literal(true),
    dataDeclaredAccurate: Type.Literal(true),
    identityUnchanged: optional(b),
    directoryAgreed: b,
  },
  sealed: { reg: { signature: optional(text) } },
})
const DossierCompleted = event('DossierCompleted', {
  pub: { pieces: Type.Array(pieceKind), lighter: b, oldestSignedOn: optional(d) },
  sealed: { reg: { scans: text } },
})
const IdentityVerified = event('IdentityVerified', {
  pub: {
    verifierRole: role,
    level: identityLevel,
    method: identityMethod,
    documentKind: optional(documentKind),
    entityTieChecked: b,
    authStatusSha256: optional(h),
    authCheckedAt: optional(t),
  },
  sealed: {
    reg: {
      documentNumber: optional(text),
      documentScan: optional(text),
      /** What people call it by: its serial number and its issuer. */
      authCertificate: optional(text),
      authCertificateDer: optional(x),
      verifier: id,
    },
  },
})
const RequestValidated = event('RequestValidated', {
  pub: { identification: identityLevel, lapsesOn: d },
  sealed: { reg: { validator: id } },
})
const RequestRejected = event('RequestRejected', {
  pub: { cause: code, clause },
  sealed: { reg: { note: optional(text) } },
})
const RequestClosed = event('RequestClosed', { pub: { cause: requestEnd } })
const SessionOpened = event('SessionOpened', {
  pub: {
    session: n,
    presence,
    desk: optional(id),
    card: id,
    serial: sn,
    recover: Type.Array(sn),
    leftOut: Type.Array(Type.Object({ serial: sn, cause: leftOutCause }, { additionalProperties: false })),
  },
  sealed: { reg: { documentNumber: optional(text) } },
})
const CardHandedOver = event('CardHandedOver', {
  pub: { session: n, card: id, serials: Type.Array(sn) },
  sealed: { reg: { receipt: text } },
})
const SessionClosed = event('SessionClosed', { pub: { session: n, outcome: sessionOutcome } })

export const requestForms = [
  CertificateRequested,
  CguAccepted,
  DossierCompleted,
  IdentityVerified,
  RequestValidated,
  RequestRejected,
  RequestClosed,
  SessionOpened,
  CardHandedOver,
  SessionClosed,
] as const
export type RequestEvent = EventOf<(typeof requestForms)[number]>

export type Session = Readonly<{
  number: number
  card: string
  serial: string
  recover: readonly string[]
  presence: 'inPerson' | 'selfService'
}>
export type RequestFile = Readonly<{
  status: 'open' | 'validated' | 'inSession' | 'fulfilled' | 'rejected' | 'closed'
  person: string
  kind: RequestKind
  /** The certificate that a renewal follows. */
  previous: string | undefined
  path: 'direct' | 'mandate'
  holderKind: HolderKind
  cardKind: CardKind
  ra: string
  policyOid: string
  identity: Identity | undefined
  cguVersion: string | undefined
  dossierComplete: boolean
  identified: IdentityLevel | undefined
  /** CGU-58: by his authentication certificate, without the RA. */
  identifiedAlone: boolean
  /** CGU-57: the holder has declared that his identity data have not changed. */
  unchanged: boolean
  lapsesOn: string | undefined
  session: Session | undefined
  sessions: number
}>
export type Request = Readonly<{ status: 'unknown' }> | RequestFile

type Requested = Extract<RequestEvent, { type: 'CertificateRequested' }>['data']

const begin = (data: Requested): RequestFile => ({
  status: 'open',
  person: data.person,
  kind: data.kind,
  previous: data.previous,
  path: data.path,
  holderKind: data.holderKind,
  cardKind: data.cardKind,
  ra: data.ra,
  policyOid: data.policyOid,
  identity: identityOf(data),
  cguVersion: undefined,
  dossierComplete: false,
  identified: undefined,
  identifiedAlone: false,
  unchanged: false,
  lapsesOn: undefined,
  session: undefined,
  sessions: 0,
})

const evolve = (state: Request, { type, data }: RequestEvent): Request => {
  if (type === 'CertificateRequested') return begin(data)
  if (state.status === 'unknown') throw new Error(`${type} before CertificateRequested`)
  switch (type) {
    case 'CguAccepted':
      return { ...state, cguVersion: data.cguVersion, unchanged: data.identityUnchanged ?? state.unchanged }
    case 'DossierCompleted':
      return { ...state, dossierComplete: true }
    case 'IdentityVerified':
      // CGU-04: « l'identité et les qualités »: without the tie to the entity nothing is established.
      return {
        ...state,
        identified: data.entityTieChecked ? data.level : undefined,
        identifiedAlone: data.entityTieChecked && data.method === 'authCertificate',
      }
    case 'RequestValidated':
      return { ...state, status: 'validated', lapsesOn: data.lapsesOn }
    case 'RequestRejected':
      return { ...state, status: 'rejected' }
    case 'RequestClosed':
      return { ...state, status: 'closed' }
    case 'SessionOpened':
      return { ...state, status: 'inSession', sessions: data.session, session: sessionOf(data) }
    case 'CardHandedOver':
      return { ...state, status: 'fulfilled', session: undefined }
    case 'SessionClosed':
      return { ...state, status: 'validated', session: undefined }
    default:
      return unreachable(type)
  }
}

const sessionOf = (data: Extract<RequestEvent, { type: 'SessionOpened' }>['data']): Session => ({
  number: data.session,
  card: data.card,
  serial: data.serial,
  recover: data.recover,
  presence: data.presence,
})

export const request: Aggregate<Request, RequestEvent> = {
  name: 'request',
  initial: { status: 'unknown' },
  evolve,
  ...codec(requestForms),
  units: (id) => ({ reg: id }),
}
