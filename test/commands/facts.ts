// Facts that the tables of this folder begin with: one agent, one contractor, their mandates, keys and certificates.
import { readFileSync } from 'node:fs'
import type { AppointmentEvent } from '../../domain/appointment.ts'
import type { CardEvent } from '../../domain/card.ts'
import type { CertificateEvent } from '../../domain/certificate.ts'
import { component } from '../../domain/component.ts'
import { document } from '../../domain/document.ts'
import { entity, type EntityEvent } from '../../domain/entity.ts'
import type { KeyEvent } from '../../domain/key.ts'
import { parsePolicy, type Policy } from '../../domain/policy/policy.ts'
import type { RecoveryEvent } from '../../domain/recovery.ts'
import type { RequestEvent } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, on } from '../support/given.ts'

export const shipped: unknown = JSON.parse(
  readFileSync(new URL('../../domain/policy/ac-confidentialite-mef-qualifiee.json', import.meta.url), 'utf8'),
)
export const signing = parsePolicy(shipped)
/** A service for which approvals that are not signed count. */
export const unsigned = <S extends Readonly<{ policy: Policy }>>(service: S): S => ({
  ...service,
  policy: { ...service.policy, escrow: { ...service.policy.escrow, signedApprovals: false } },
})

/** Approvals are unsigned here, so that a table says in a word who has approved; signedApprovals.test.ts has them signed. */
export const policy: Policy = parsePolicy({
  ...signing,
  escrow: { ...signing.escrow, signedApprovals: false },
})

export const [holder, ra, mc, program] = [
  actor('holder', 1),
  actor('raOfficer', 2),
  actor('mc', 3, [uuid(20)]),
  actor('program', 4),
]
export const [officerA, officerB, officerC] = [
  actor('recoveryOfficer', 5),
  actor('recoveryOfficer', 6),
  actor('recoveryOfficer', 7),
]
export const [R, E, M, C, Q] = [uuid(10), uuid(20), uuid(30), uuid(40), uuid(50)]
export const [S, S2] = [`4${'0'.repeat(30)}1`, `4${'0'.repeat(30)}2`]
export const [K, K2, digest] = ['a'.repeat(64), 'b'.repeat(64), 'd'.repeat(64)]
export const issuer = 'c'.repeat(16)

export const cguInForce = on(document, 'cgu', {
  type: 'DocumentAdopted',
  data: { version: '1.0', sha256: digest, effectiveFrom: '2026-01-01T00:00:00Z', approvedBy: 'supervisor' },
})
const verified: Extract<EntityEvent, { type: 'EntityVerified' }> = {
  type: 'EntityVerified',
  data: {
    ...{ kind: 'ministry', siren: '110020013', method: 'register', name: 'Direction générale' },
    ...{ address: 'Montreuil', contact: 'bureau@douane.example', evidence: 'répertoire' },
  },
}
export const employer = on(entity, E, verified)
export const employerUntil = (validUntil: string) =>
  on(entity, E, { ...verified, data: { ...verified.data, validUntil } })
export const closedEmployer = on(entity, E, verified, {
  type: 'EntityClosed',
  data: { cause: 'closed', effectiveOn: '2026-03-01' },
})

export const requested = (more: object = {}): RequestEvent => ({
  type: 'CertificateRequested',
  data: {
    ...{ person: uuid(1), samePersonAs: [], kind: 'initial', path: 'direct', requesterRole: 'raOfficer' },
    ...{ holderKind: 'agent', cardKind: 'agent', inReferential: true, inRaDirectory: false },
    ...{ referentialReadAt: '2026-03-01T09:00:00Z', ra: 'dgddi', profile: 'encryption' },
    ...{ policyOid: policy.holder.policyOid, validityYears: 3, escrow: true, escrowYears: 10 },
    ...{ recoverOldKeys: true, surname: "D'Été-Brûlé", givenNames: 'Zoë Maëlle' },
    ...{ nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ", email: 'zoe@douane.example', matricule: '0012345678' },
    ...{ entity: E, requester: uuid(2) },
    ...more,
  },
})
export const accepted: RequestEvent = {
  type: 'CguAccepted',
  data: {
    ...{ cguVersion: '1.0', cguSha256: digest, means: 'portal', escrowAsked: true },
    ...{ oldKeyRecoveryAsked: true, dataDeclaredAccurate: true, directoryAgreed: true },
  },
}
export const dossier: RequestEvent = {
  type: 'DossierCompleted',
  data: { pieces: ['requestForm'], lighter: false, scans: 'scans' },
}
const identifiedWith = (entityTieChecked: boolean): RequestEvent => ({
  type: 'IdentityVerified',
  data: {
    ...{ verifierRole: 'raOfficer', level: 'full', method: 'inPerson', entityTieChecked },
    verifier: uuid(2),
  },
})
export const [identified, withoutTie] = [identifiedWith(true), identifiedWith(false)]
export const validated: RequestEvent = {
  type: 'RequestValidated',
  data: { identification: 'full', lapsesOn: '2026-05-31', validator: uuid(2) },
}
export const sessionOpened: RequestEvent = {
  type: 'SessionOpened',
  data: { session: 1, presence: 'inPerson', card: C, serial: S, recover: [], leftOut: [] },
}
export const sessionClosed: RequestEvent = {
  type: 'SessionClosed',
  data: { session: 1, outcome: 'cardFailed' },
}
export const handedOver: RequestEvent = {
  type: 'CardHandedOver',
  data: { session: 1, card: C, serials: [S], receipt: 'reçu' },
}

export const bound: KeyEvent = {
  type: 'PublicKeyBound',
  data: { serial: S, custody: 'escrow', request: R, session: 1, algorithm: 'rsa3072' },
}
export const escrowed: KeyEvent = {
  type: 'KeyEscrowed',
  data: {
    ...{ serial: S, person: uuid(1), request: R, blobSha256: digest, recordMac: digest, kek: uuid(60) },
    ...{ generatedAt: '2026-03-01T00:00:00Z', testedAt: '2026-03-02T09:00:00Z' },
    ...{ from: '2026-03-02T09:00:00Z', until: '2036-03-02T09:00:00Z' },
    ...{ holderName: "Zoë Maëlle D'Été-Brûlé", entity: E },
  },
}
export const recoveryStarted: KeyEvent = {
  type: 'KeyRecoveryStarted',
  data: { regime: 'approved', recovery: Q, recipient: uuid(1) },
}
export const recoveredKey: KeyEvent = {
  type: 'KeyRecovered',
  data: { regime: 'approved', recovery: Q, publicKeyMatched: true, outputSha256: digest },
}

export const planned: CertificateEvent = {
  type: 'CertificatePlanned',
  data: {
    ...{ profile: 'encryption', profileVersion: 1, issuer, spkiSha256: K, escrowEvent: uuid(61) },
    ...{ request: R, person: uuid(1), identification: 'full', cardKind: 'agent' },
    ...{ notBefore: '2026-03-02T09:00:00Z', notAfter: '2029-03-02T08:59:59Z' },
    ...{ policyOid: policy.holder.policyOid, keyUsage: ['keyEncipherment'], tbsSha256: digest },
    tbs: 'dGJz',
  },
}
export const issued: CertificateEvent = {
  type: 'CertificateIssued',
  data: { signatureAlgorithm: 'sha256WithRSA', signature: 'c2ln', certSha256: digest },
}
export const presented = { presentedSha256: digest, presentedAt: '2026-03-02T09:00:00Z' }
export const acceptedByHolder: CertificateEvent = {
  type: 'CertificateAccepted',
  data: { ...presented, action: 'Valider' },
}
export const refusedByHolder: CertificateEvent = {
  type: 'CertificateRefused',
  data: { ...presented, cause: 'contentWrong' },
}
export const abandoned: CertificateEvent = {
  type: 'CertificateAbandoned',
  data: { cause: 'sessionLost', findings: [], maybeSigned: false },
}
export const revoked: CertificateEvent = {
  type: 'CertificateRevoked',
  data: { revokedAt: '2026-03-02T09:00:00Z', origin: 'undelivered', authentication: 'exOfficio' },
}

export const allotted: CardEvent = {
  type: 'CardAllotted',
  data: {
    ...{ request: R, session: 1, person: uuid(1), kind: 'agent', model: 'software-qscd', slots: 12 },
    ...{ serials: [S], chipNumber: '8925 0000 0042' },
  },
}
export const written: CardEvent = {
  type: 'CardWritten',
  data: { serials: [S], decryptionTested: true, attempts: 1 },
}
export const pinDefined: CardEvent = {
  type: 'CardPinDefined',
  data: { occasion: 'issuance', triesAllowed: 3 },
}

export const scrapped: CardEvent = {
  type: 'CardScrapped',
  data: { cause: 'spoiled', method: 'erased' },
}

export const proposed = (more: object = {}): AppointmentEvent => ({
  type: 'AppointmentProposed',
  data: {
    ...{ role: 'mc', entity: E, powers: ['request', 'verifyIdentity', 'revoke'] },
    ...{ fromOn: '2026-02-01', untilOn: '2026-12-31', mandateSignedOn: '2026-01-31', person: uuid(3) },
    ...{ surname: 'Garçon', givenNames: 'Noé', email: 'noe@douane.example', mandate: 'mandat' },
    ...more,
  },
})
export const checked: AppointmentEvent = {
  type: 'AppointeeChecked',
  data: { method: 'inPerson', checker: uuid(2) },
}
/** How somebody is identified who is there. */
export const inPerson = {
  method: 'inPerson',
  documentKind: 'passport',
  documentNumber: '12AB34567',
} as const
export const undertaken: AppointmentEvent = {
  type: 'AppointmentAccepted',
  data: { undertakingSha256: digest, means: 'portal' },
}
export const ended: AppointmentEvent = {
  type: 'AppointmentEnded',
  data: { cause: 'departure', effectiveOn: '2026-03-01' },
}

export const asked = (more: object = {}): RecoveryEvent => ({
  type: 'RecoveryRequested',
  data: {
    ...{ serial: S, key: K, nameMatches: true, inTerm: true, output: 'pkcs12' },
    ...{ requesterRole: 'legalRepresentative', ground: 'judicial', requester: uuid(8) },
    ...{ recorder: uuid(5), recipient: uuid(8), nameGiven: 'Zoe', evidence: 'ordonnance' },
    holderNotice: false,
    ...more,
  },
})
export const approvedBy = (person: number, expiresAt: string): RecoveryEvent => ({
  type: 'RecoveryApproved',
  data: { nth: 1, statementSha256: digest, expiresAt, approver: uuid(person), statement: 'vu' },
})
export const delivered: RecoveryEvent = {
  type: 'RecoveryDelivered',
  data: { outputSha256: digest, receipt: 'reçu' },
}

/** A desk that was controlled and put into service. */
export const deskInService = (desk: string) =>
  on(
    component,
    desk,
    { type: 'ComponentDeclared', data: { kind: 'desk', ra: 'dgddi', configurationSha256: digest } },
    {
      type: 'ControlOrdered',
      data: { control: desk, scope: 'commissioning', orderedBy: 'supervisor', dueOn: '2026-03-31' },
    },
    {
      type: 'ControlCompleted',
      data: {
        ...{ control: desk, verdict: 'passed', completedOn: '2026-03-01', findingCount: 0 },
        ...{ reportSha256: digest, auditor: uuid(13) },
      },
    },
    { type: 'ComponentCommissioned', data: { control: desk } },
  )
