// Facts of revocation and recovery on request: who stands for the holder's entity, and a request that has come in.
import { appointment } from '../../domain/appointment.ts'
import type { CertificateEvent } from '../../domain/certificate.ts'
import type { Role } from '../../domain/lists.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, on } from '../support/given.ts'
import * as f from './facts.ts'

/** Appointments: of the legal representative, for his entity and for another one; of an authorised person; of an accredited one. */
export const [L, L2, P, A] = [uuid(33), uuid(34), uuid(35), uuid(36)]
export const legalRepresentative = actor('legalRepresentative', 8, [f.E])
export const authorisedPerson = actor('authorisedPerson', 18, [f.E])
export const accredited = uuid(19)

const appointed = (id: string, role: Role, person: string, more: object = {}) =>
  on(
    appointment,
    id,
    f.proposed({ role, person, powers: [], untilOn: '2099-12-31', ...more }),
    f.checked,
    f.undertaken,
  )

export const representatives = [
  appointed(L, 'legalRepresentative', legalRepresentative.person),
  appointed(L2, 'legalRepresentative', legalRepresentative.person, { entity: uuid(21) }),
  appointed(P, 'authorisedPerson', authorisedPerson.person, { powers: ['revoke'] }),
  appointed(A, 'accreditedRepresentative', accredited, { powers: ['recover'] }),
]

type Received = Extract<CertificateEvent, { type: 'RevocationRequested' }>

/** A request by telephone that nobody has authenticated. */
export const received = (more: Partial<Received['data']> = {}): Received => ({
  type: 'RevocationRequested',
  data: {
    ...{ revocation: uuid(80), requesterRole: 'holder', channel: 'callCentre' },
    ...{ firstReceivedAt: '2026-03-02T08:00:00Z', firstReceivedBy: 'raOfficer', signatureForm: 'none' },
    ...{ holderName: "Zoë Maëlle D'Été-Brûlé", requesterName: "Zoë D'Été-Brûlé", locator: f.S },
    requester: uuid(1),
    ...more,
  },
})

export const rejected: CertificateEvent = {
  type: 'RevocationRejected',
  data: { revocation: uuid(80), cause: 'REVOCATION_NOT_AUTHENTICATED', clause: 'CGU-75' },
}
