// Whatever is done under a mandate is done for an entity that stands: closed, or its verification over, nobody acts for it.
import { describe, expect, it } from 'vitest'
import { reportCard } from '../../commands/cardIncidents.ts'
import { closeRequest } from '../../commands/endRequest.ts'
import { requestRecovery, type RequestRecovery } from '../../commands/requestRecovery.ts'
import { requestRevocation, type RequestRevocation } from '../../commands/requestRevocation.ts'
import { returnRequest } from '../../commands/returnRequest.ts'
import { appointment } from '../../domain/appointment.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { key } from '../../domain/key.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { given, morning, on } from '../support/given.ts'
import { cardLives } from './cardsFacts.ts'
import * as c from './claimsFacts.ts'
import * as f from './facts.ts'

const { R, C, M, K, Q, S, policy, mc, officerA } = f

describe('an act under a mandate', () => {
  const file = on(request, R, f.requested({ path: 'mandate' }))
  const kept = [on(key, K, f.bound, f.escrowed), on(certificate, S, f.planned, f.issued, f.acceptedByHolder)]
  const facts = [
    ...[on(appointment, M, f.proposed(), f.checked, f.undertaken), ...c.representatives],
    ...[file, on(card, C, ...cardLives.inUse), ...kept],
  ]
  const revoking: RequestRevocation['data'] = {
    serial: S,
    revocation: uuid(80),
    requesterName: 'Noé',
    channel: 'signedIn',
    signatureForm: 'none',
    receivedAt: morning,
    mandate: M,
  }
  const recovering: RequestRecovery['data'] = {
    recovery: Q,
    serial: S,
    nameGiven: 'Zoë Maëlle D’Été-Brûlé',
    requester: c.legalRepresentative.person,
    requesterRole: 'legalRepresentative',
    ground: 'judicial',
    evidence: 'ordonnance',
    holderNotice: true,
    mandate: c.L,
  }
  type Ledger = ReturnType<typeof given>
  const acts: Readonly<Record<string, readonly [(ledger: Ledger) => Promise<string>, string, string]>> = {
    ReportCard: [
      (ledger) => ledger.when(reportCard, { card: C, incident: 'lost', mandate: M }, mc).outcome(),
      ...(['CardIncidentReported', 'CGU-23 MANDATE_NOT_IN_FORCE'] as const),
    ],
    CloseRequest: [
      (ledger) => ledger.when(closeRequest, { request: R, cause: 'withdrawn', mandate: M }, mc).outcome(),
      ...(['RequestClosed', 'CGU-23 MANDATE_NOT_IN_FORCE'] as const),
    ],
    ReturnRequest: [
      (ledger) =>
        ledger.when(returnRequest, { request: R, cause: 'identityDoubtful', mandate: M }, mc).outcome(),
      ...(['RequestReturned', 'CGU-23 MANDATE_NOT_IN_FORCE'] as const),
    ],
    RequestRevocation: [
      (ledger) => ledger.when(requestRevocation(policy), revoking, mc).outcome(),
      ...(['RevocationRequested CertificateRevoked', 'CGU-62 REVOKER_NOT_ENTITLED'] as const),
    ],
    RequestRecovery: [
      (ledger) => ledger.when(requestRecovery, recovering, officerA).outcome(),
      ...(['RecoveryRequested', 'CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED'] as const),
    ],
  }

  it.each(Object.entries(acts))('CGU-23: %s, for an entity that stands and for none', async (...[, row]) => {
    const [act, done, refused] = row
    expect(await act(given(f.employer, ...facts))).toBe(done)
    expect(await act(given(f.employerUntil('2026-03-02'), ...facts))).toBe(done)
    expect(await act(given(f.employerUntil('2026-03-01'), ...facts))).toBe(refused)
    expect(await act(given(f.closedEmployer, ...facts))).toBe(refused)
  })
})
