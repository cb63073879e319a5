// Facts of a renewal: Zoë's certificate of March 2026, in use, a month before its end.
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import type { IdentityLevel } from '../../domain/lists.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import type { RequestRenewal, SignedIn } from '../../commands/requestRenewal.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import * as f from './facts.ts'

export const R2 = uuid(11)
export const R3 = uuid(12)
/** A month before the end of the certificate of facts.ts. */
export const february = '2029-02-05T09:00:00Z'

const { planned } = f
export const plannedWith = (more: object): CertificateEvent => ({
  ...planned,
  data: { ...planned.data, ...more } as never,
})

/** The file that the certificate was issued on, and the certificate with what became of it. */
export const inUse = (
  identification: IdentityLevel = 'full',
  ...then: readonly CertificateEvent[]
): readonly ReturnType<typeof on>[] => [
  f.cguInForce,
  f.employer,
  on(
    ...([request, f.R, f.requested({ service: 'SI2' }), f.accepted, f.identified, f.validated] as const),
    ...[f.sessionOpened, f.handedOver],
  ),
  on(certificate, f.S, plannedWith({ identification }), f.issued, f.acceptedByHolder, ...then),
]

export const order: RequestRenewal['data'] = {
  ...{ request: R2, previous: f.S, rivals: [], issuer: f.issuer, inReferential: true },
  ...{ cguVersion: '1.0', directoryAgreed: true },
}

export const shown = {
  ...{ surname: "D'ÉTÉ-BRÛLÉ", givenName: 'Zoë Maëlle', email: 'Zoe@douane.example' },
}
export const signedIn: SignedIn = {
  ...{ shown, named: '42 TEST AC AUTH', der: 'Y2VydA==', statusSha256: f.digest },
  ...{ checkedAt: february, verifier: uuid(4) },
}

export const renewalRequested = f.requested({
  ...{ kind: 'renewal', requesterRole: 'holder', previous: f.S, reliesOn: f.R, requester: uuid(1) },
})
export const renewalAccepted = (identityUnchanged = true): RequestEvent => ({
  type: 'CguAccepted',
  data: {
    ...{ cguVersion: '1.0', cguSha256: f.digest, means: 'portal', escrowAsked: true },
    ...{ oldKeyRecoveryAsked: true, dataDeclaredAccurate: true, identityUnchanged, directoryAgreed: true },
  },
})
export const identifiedAlone: RequestEvent = {
  type: 'IdentityVerified',
  data: {
    ...{ verifierRole: 'program', level: 'light', method: 'authCertificate', entityTieChecked: true },
    ...{ authStatusSha256: f.digest, authCheckedAt: february, authCertificate: '42 TEST AC AUTH' },
    ...{ authCertificateDer: 'Y2VydA==', verifier: uuid(4) },
  },
}
export const validatedLight: RequestEvent = {
  type: 'RequestValidated',
  data: { identification: 'light', lapsesOn: '2029-05-06', validator: uuid(4) },
}
export const rejected: RequestEvent = {
  type: 'RequestRejected',
  data: { cause: 'dossier', clause: 'CGU-57' },
}
export const aloneSession: RequestEvent = {
  type: 'SessionOpened',
  data: {
    ...{ session: 1, presence: 'selfService', card: f.C, serial: f.S2, recover: [f.S], leftOut: [] },
  },
}

/** A renewal without the RA, as far as these events. */
export const alone = (...then: readonly RequestEvent[]) =>
  on(request, R2, renewalRequested, renewalAccepted(), identifiedAlone, ...then)
/** A renewal at the counter. */
export const atTheCounter = (...then: readonly RequestEvent[]) =>
  on(request, R2, renewalRequested, renewalAccepted(), ...then)
