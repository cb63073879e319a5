// The stored forms of requests (domain/request.ts).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { event, type EventOf } from './event.ts'
import { b, clause, code, d, h, id, n, sn, t, text, x } from './fields.ts'
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
  returnCause,
  role,
  sessionOutcome,
  temporaryCause,
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
  pub: {
    pieces: Type.Array(pieceKind),
    lighter: b,
    oldestSignedOn: optional(d),
    documentKind: optional(documentKind),
  },
  sealed: { reg: { scans: text, documentNumber: optional(text) } },
})
const RequestReturned = event('RequestReturned', {
  pub: { cause: returnCause, missing: Type.Array(pieceKind) },
  sealed: { reg: { note: optional(text) } },
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
const RegistrationCorrected = event('RegistrationCorrected', {
  pub: { fields: Type.Array(code) },
  sealed: {
    reg: {
      /** The new value of each of `fields`. */
      values: Type.Object(
        {
          surname: optional(text),
          givenNames: optional(text),
          nameInCertificate: optional(text),
          email: optional(text),
          matricule: optional(text),
          birth: optional(text),
          entity: optional(id),
          service: optional(text),
        },
        { additionalProperties: false },
      ),
      asker: id,
    },
  },
})
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
  RequestReturned,
  IdentityVerified,
  RequestValidated,
  RequestRejected,
  RequestClosed,
  RegistrationCorrected,
  SessionOpened,
  CardHandedOver,
  SessionClosed,
] as const
export type RequestEvent = EventOf<(typeof requestForms)[number]>
