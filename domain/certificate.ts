// Certificates: one certificate signed by the CA, of any profile (CGU-03, CGU-10, CGU-18, CGU-36, CGU-37, CGU-61 to CGU-76).
// The DER is not stored: it is the TBS and the recorded signature.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { b, clause, code, h, id, n, sn, t, text, x } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import {
  abandonCause,
  authentication,
  cardKind,
  channel,
  documentKind,
  identityLevel,
  keyUsage,
  profile,
  refusalCause,
  revocationCause,
  revocationOrigin,
  role,
  signatureForm,
  type Channel,
  type CardKind,
  type IdentityLevel,
  type Profile,
  type RevocationCause,
  type Role,
} from './lists.ts'

const optional = Type.Optional

const CertificatePlanned = event('CertificatePlanned', {
  pub: {
    profile,
    profileVersion: n,
    issuer: code,
    spkiSha256: h,
    escrowEvent: optional(id),
    request: optional(id),
    person: optional(id),
    identification: optional(identityLevel),
    cardKind: optional(cardKind),
    notBefore: t,
    notAfter: t,
    policyOid: code,
    keyUsage: Type.Array(keyUsage),
    tbsSha256: h,
    // A responder's TBS names nobody and outlives every data key; a holder's is only ever sealed. Two names, so that
    // neither can be written in the other's place.
    responderTbs: optional(x),
  },
  sealed: { esc: { tbs: optional(x) } },
})
const CertificateIssued = event('CertificateIssued', {
  pub: { signatureAlgorithm: code, signature: x, certSha256: h },
})
const CertificateAbandoned = event('CertificateAbandoned', {
  pub: { cause: abandonCause, findings: Type.Array(code), maybeSigned: b },
})
const CertificateAccepted = event('CertificateAccepted', {
  pub: { presentedSha256: h, presentedAt: t, action: Type.Literal('Valider') },
})
const CertificateRefused = event('CertificateRefused', {
  pub: { presentedSha256: h, presentedAt: t, cause: refusalCause },
  sealed: { reg: { note: optional(text) } },
})
const RevocationRequested = event('RevocationRequested', {
  pub: {
    revocation: id,
    requesterRole: role,
    channel,
    firstReceivedAt: t,
    firstReceivedBy: role,
    signatureForm,
    documentKind: optional(documentKind),
  },
  sealed: {
    reg: {
      holderName: text,
      requesterName: text,
      requester: optional(id),
      locator: sn,
      // What the requester gave instead of the serial number, when it led to this certificate and no other.
      locatorGiven: optional(text),
      // The appointment that a representative asked under.
      appointment: optional(id),
      cause: optional(revocationCause),
      note: optional(text),
      form: optional(text),
    },
  },
})
const RevocationRejected = event('RevocationRejected', {
  pub: { revocation: id, cause: code, clause },
  sealed: { reg: { note: optional(text) } },
})
const CertificateRevoked = event('CertificateRevoked', {
  pub: { revokedAt: t, origin: revocationOrigin, revocation: optional(id), authentication },
  sealed: { reg: { cause: optional(revocationCause) } },
})

export const certificateForms = [
  CertificatePlanned,
  CertificateIssued,
  CertificateAbandoned,
  CertificateAccepted,
  CertificateRefused,
  RevocationRequested,
  RevocationRejected,
  CertificateRevoked,
] as const
export type CertificateEvent = EventOf<(typeof certificateForms)[number]>

export type Plan = Readonly<{
  profile: Profile
  issuer: string
  spkiSha256: string
  request: string | undefined
  person: string | undefined
  identification: IdentityLevel | undefined
  cardKind: CardKind | undefined
  notBefore: string
  notAfter: string
  tbsSha256: string
  /** Base64; absent once the escrow's data key has been destroyed. */
  tbs: string | undefined
}>
/** A request that has been received, and neither carried out nor rejected. */
export type OpenRevocation = Readonly<{
  revocation: string
  requesterRole: Role
  channel: Channel
  firstReceivedAt: string
  cause: RevocationCause | undefined
}>
export type Signed = Readonly<{
  signatureAlgorithm: string
  signature: string
  certSha256: string
  /** Whether its holder accepted it, whatever became of it afterwards. */
  accepted: boolean
  /** Oldest first. Empty once the certificate is revoked: that answers them all. */
  revocations: readonly OpenRevocation[]
}>
export type Certificate =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{ status: 'abandoned' }>
  | (Plan & Readonly<{ status: 'planned' }>)
  | (Plan & Signed & Readonly<{ status: 'issued' | 'accepted' | 'refused' }>)
  | (Plan & Signed & Readonly<{ status: 'revoked'; revokedAt: string }>)
export type SignedCertificate = Extract<Certificate, { signature: string }>

const planOf = (data: Extract<CertificateEvent, { type: 'CertificatePlanned' }>['data']): Plan => ({
  profile: data.profile,
  issuer: data.issuer,
  spkiSha256: data.spkiSha256,
  request: data.request,
  person: data.person,
  identification: data.identification,
  cardKind: data.cardKind,
  notBefore: data.notBefore,
  notAfter: data.notAfter,
  tbsSha256: data.tbsSha256,
  tbs: data.responderTbs ?? opened(data.tbs),
})

const evolve = (state: Certificate, { type, data }: CertificateEvent): Certificate => {
  if (type === 'CertificatePlanned') return { status: 'planned', ...planOf(data) }
  switch (type) {
    case 'CertificateIssued':
      if (state.status !== 'planned') throw new Error('CertificateIssued without CertificatePlanned')
      return { ...state, status: 'issued', ...data, accepted: false, revocations: [] }
    case 'CertificateAbandoned':
      return { status: 'abandoned' }
    case 'CertificateAccepted':
      return { ...signed(state, type), status: 'accepted', accepted: true }
    case 'CertificateRefused':
      return { ...signed(state, type), status: 'refused' }
    case 'CertificateRevoked':
      return { ...signed(state, type), status: 'revoked', revokedAt: data.revokedAt, revocations: [] }
    case 'RevocationRequested':
    case 'RevocationRejected':
      return asked(signed(state, type), { type, data } as RevocationEvent)
    default:
      return unreachable(type)
  }
}

type RevocationEvent = Extract<CertificateEvent, { type: 'RevocationRequested' | 'RevocationRejected' }>

const asked = (state: SignedCertificate, { type, data }: RevocationEvent): Certificate => {
  const others = state.revocations.filter(({ revocation }) => revocation !== data.revocation)
  if (type === 'RevocationRejected') return { ...state, revocations: others }
  const { revocation, requesterRole, channel: through, firstReceivedAt } = data
  const cause = opened(data.cause)
  return {
    ...state,
    revocations: [...others, { revocation, requesterRole, channel: through, firstReceivedAt, cause }],
  }
}

const signed = (state: Certificate, type: string): SignedCertificate => {
  if ('signature' in state) return state
  throw new Error(`${type} before CertificateIssued`)
}

export const certificate: Aggregate<Certificate, CertificateEvent> = {
  name: 'certificate',
  initial: { status: 'unknown' },
  evolve,
  ...codec(certificateForms),
  units: (id, state) =>
    'request' in state && state.request !== undefined ? { reg: state.request, esc: id } : {},
}
