// The scopes of the matrix of duties against the deciders: what is another's, or another entity's, is refused in each cell that
// says « own » or « ent. »; and who is only told whose a command is gets nowhere with his own either.
import { describe, expect, it } from 'vitest'
import { acceptCgu } from '../../commands/acceptCgu.ts'
import {
  acceptAppointment,
  proposeAppointment,
  type ProposeAppointment,
} from '../../commands/appointments.ts'
import { registerApprovalKey } from '../../commands/approvalKeys.ts'
import { reportCard } from '../../commands/cardIncidents.ts'
import { allotCard, definePin } from '../../commands/cards.ts'
import { acceptCertificate, refuseCertificate } from '../../commands/certificates.ts'
import { completeDossier } from '../../commands/completeDossier.ts'
import { correctRegistration } from '../../commands/correctRegistration.ts'
import { endAppointment } from '../../commands/endAppointment.ts'
import { closeRequest } from '../../commands/endRequest.ts'
import { issueInSession } from '../../commands/issuanceActs.ts'
import { presentCertificate } from '../../commands/presentCertificate.ts'
import { closeRecovery, deliverRecovery } from '../../commands/recoveries.ts'
import { requestCertificate, type RequestCertificate } from '../../commands/requestCertificate.ts'
import { requestRecovery, type RequestRecovery } from '../../commands/requestRecovery.ts'
import { requestRenewal } from '../../commands/requestRenewal.ts'
import { requestRevocation } from '../../commands/requestRevocation.ts'
import { returnRequest } from '../../commands/returnRequest.ts'
import { openSelfService } from '../../commands/selfService.ts'
import { verifyIdentity } from '../../commands/verifyIdentity.ts'
import { appointment } from '../../domain/appointment.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { key } from '../../domain/key.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { Role } from '../../domain/lists.ts'
import { scopeOf, duties } from '../../domain/policy/duties.ts'
import { dutyTable } from '../../domain/policy/dutyTable.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { uuid } from '../ledger/filled.ts'
import { actor, given, on } from '../support/given.ts'
import { cardLives } from './cardsFacts.ts'
import * as c from './claimsFacts.ts'
import * as f from './facts.ts'
import * as r from './renewalFacts.ts'

const { policy, C, E, M, Q, R, S } = f
/** A holder, and somebody who has nothing to do with him. */
const stranger = actor('holder', 99)
/** An agent who has a mandate, of another entity than the one that the request is for. */
const [elsewhere, M2, P2] = [uuid(21), uuid(31), uuid(37)]
const mandate = M2
const agent = [
  on(appointment, M2, f.proposed({ entity: elsewhere }), f.checked, f.undertaken),
  on(
    appointment,
    P2,
    f.proposed({
      ...{ role: 'authorisedPerson', entity: elsewhere, powers: ['revoke'] },
      person: c.authorisedPerson.person,
    }),
    f.checked,
    f.undertaken,
  ),
]

const file = (more: object = {}) => on(request, R, f.requested(more))
const signed = on(certificate, S, f.planned, f.issued)
const demand: RequestCertificate['data'] = {
  ...{ request: R, person: uuid(1), drawn: false, entity: E, cardKind: 'agent', ra: 'dgddi' },
  ...{ profile: 'encryption', escrow: true },
  looked: { readAt: '2026-03-01T09:00:00Z', agent: 'empty', inRaDirectory: false },
  holder: {
    ...{ kind: 'agent', surname: 'Brun', givenNames: 'Ève', nameInCertificate: 'Ève BRUN' },
    ...{ email: 'eve@douane.example', matricule: '0012345678' },
  },
}
const presented = { serial: S, ...f.presented }
const revocation = {
  ...({ serial: S, revocation: uuid(80), requesterName: 'Zoé', signatureForm: 'none' } as const),
  receivedAt: '2026-03-02T09:00:00Z',
}
const claim: RequestRecovery['data'] = {
  ...{ recovery: Q, serial: S, nameGiven: "Zoë Maëlle D'Été-Brûlé", requesterRole: 'holder' },
  ...{ ground: 'holderRequest', evidence: 'demande', holderNotice: true, requester: stranger.person },
}
const kept = on(key, f.K, f.bound, f.escrowed)
const recoverable = [kept, on(certificate, S, f.planned, f.issued, f.acceptedByHolder)]
const asked = on(recovery, Q, f.asked({ requesterRole: 'holder', requester: uuid(1), recipient: uuid(1) }))
const revoking = (by: Actor, mandateOf: string) =>
  given(...agent, ...c.representatives, file(), signed)
    .when(requestRevocation(policy), { ...revocation, channel: 'signedIn', mandate: mandateOf }, by)
    .outcome()
const proposal = { appointment: M, ...f.proposed().data, actingUnder: c.L2 } as ProposeAppointment['data']
const renewing = (by: Actor) =>
  given(...r.inUse())
    .when(requestRenewal(policy), r.order, by, r.february)
    .outcome()
const accepting = (role: Role) => () =>
  given(f.employer, on(appointment, M, f.proposed(), f.checked))
    .when(
      acceptAppointment,
      { appointment: M, undertakingSha256: f.digest, means: 'portal' },
      actor(role, 99),
    )
    .outcome()

const [notMandated, notEntitled] = ['CGU-23 MANDATE_NOT_IN_FORCE', 'CGU-62 REVOKER_NOT_ENTITLED']
const [notHeld, notHis] = ['CGU-06 ROLE_NOT_HELD', 'CGU-37 ACCEPTANCE_HOLDER_ONLY']
const notRecovered = 'CGU-47 RECOVERY_REQUESTER_NOT_ENTITLED'

/** A key, on the appointment of somebody else. */
const registering = (role: Role) => (): Promise<string> =>
  given(
    on(
      appointment,
      M,
      f.proposed({ role, entity: undefined, powers: [], person: uuid(6) }),
      ...[f.checked, f.undertaken],
    ),
  )
    .when(registerApprovalKey(policy), { appointment: M, publicKey: 'AAAA', proof: 'AAAA' }, actor(role, 99))
    .outcome()

type Case = readonly [refusal: string, outcome: () => Promise<string>]

/** What becomes of a command on what is not one's own, by `Command/role`. */
const cases: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    (duties.get('AcceptAppointment')?.who ?? []).map((role) => [
      `AcceptAppointment/${role}`,
      [notMandated, accepting(role)] as const,
    ]),
  ),
  ...Object.fromEntries(
    (duties.get('RegisterApprovalKey')?.who ?? []).map((role) => [
      `RegisterApprovalKey/${role}`,
      [notHeld, registering(role)] as const,
    ]),
  ),
  'ProposeAppointment/legalRepresentative': [
    notMandated,
    () =>
      given(f.employer, ...c.representatives)
        .when(proposeAppointment(policy), proposal, c.legalRepresentative)
        .outcome(),
  ],
  'EndAppointment/legalRepresentative': [
    notMandated,
    () =>
      given(...c.representatives, on(appointment, M, f.proposed(), f.checked, f.undertaken))
        .when(
          endAppointment,
          { appointment: M, cause: 'withdrawn', effectiveOn: '2026-03-02', actingUnder: c.L2 },
          c.legalRepresentative,
        )
        .outcome(),
  ],
  'RequestCertificate/holder': [
    'CGU-21 REQUESTER_NOT_ENTITLED',
    () => given(f.employer).when(requestCertificate(policy), demand, stranger).outcome(),
  ],
  'RequestCertificate/mc': [
    notMandated,
    () =>
      given(f.employer, ...agent)
        .when(requestCertificate(policy), { ...demand, mandate }, f.mc)
        .outcome(),
  ],
  'RequestRenewal/holder': ['CGU-55 RENEWAL_HOLDER_ONLY', () => renewing(stranger)],
  'AcceptCgu/holder': [
    'CGU-16 ROLE_NOT_HELD',
    () =>
      given(f.cguInForce, file())
        .when(acceptCgu, { request: R, cguVersion: '1.0', means: 'portal', directoryAgreed: true }, stranger)
        .outcome(),
  ],
  'CompleteDossier/mc': [
    notMandated,
    () =>
      given(...agent, file({ path: 'mandate' }))
        .when(
          completeDossier(policy),
          { request: R, pieces: [], oldestSignedOn: '2026-02-01', scans: 'x', mandate },
          f.mc,
        )
        .outcome(),
  ],
  'VerifyIdentity/mc': [
    notMandated,
    () =>
      given(...agent, file({ path: 'mandate' }))
        .when(verifyIdentity, { request: R, ...f.inPerson, entityTieChecked: true, mandate }, f.mc)
        .outcome(),
  ],
  'ReturnRequest/mc': [
    notMandated,
    () =>
      given(...agent, file({ path: 'mandate' }))
        .when(returnRequest, { request: R, cause: 'identityDoubtful', mandate }, f.mc)
        .outcome(),
  ],
  'CorrectRegistration/holder': [
    notHeld,
    () =>
      given(file())
        .when(correctRegistration, { request: R, values: { email: 'z@x.example' } }, stranger)
        .outcome(),
  ],
  'CloseRequest/holder': [
    'CGU-21 REQUESTER_NOT_ENTITLED',
    () => given(file()).when(closeRequest, { request: R, cause: 'withdrawn' }, stranger).outcome(),
  ],
  'CloseRequest/mc': [
    notMandated,
    () =>
      given(...agent, file())
        .when(closeRequest, { request: R, cause: 'withdrawn', mandate }, f.mc)
        .outcome(),
  ],
  'OpenSession/holder': [
    notHeld,
    () =>
      given(...r.inUse(), r.alone(r.validatedLight))
        .when(
          openSelfService,
          { request: r.R2, card: C, serial: f.S2, slots: 12, keySizes: [3072], earlier: [] },
          stranger,
        )
        .outcome(),
  ],
  'IssueCertificate/holder': [
    notHeld,
    () =>
      given(r.alone(r.validatedLight, r.aloneSession))
        .when(issueInSession, { request: r.R2 }, stranger)
        .outcome(),
  ],
  'AllotCard/holder': [
    notHeld,
    () =>
      given(r.alone(r.validatedLight, r.aloneSession))
        .when(
          allotCard(policy),
          {
            ...{ card: C, request: r.R2, model: 'software-qscd', chipNumber: '8925 0000 0042' },
            ...{ kind: 'agent', serials: [f.S2] },
          },
          stranger,
        )
        .outcome(),
  ],
  'DefinePin/holder': [
    'CGU-50 PIN_HOLDER_ONLY',
    () =>
      given(on(card, C, ...cardLives.written))
        .when(definePin(policy), { card: C }, stranger)
        .outcome(),
  ],
  'ReportCard/holder': [
    'CGU-43 CARD_OF_ANOTHER_HOLDER',
    () =>
      given(on(card, C, ...cardLives.inUse))
        .when(reportCard, { card: C, incident: 'faulty' }, stranger)
        .outcome(),
  ],
  'ReportCard/mc': [
    notMandated,
    () =>
      given(...agent, file(), on(card, C, ...cardLives.inUse))
        .when(reportCard, { card: C, incident: 'faulty', mandate }, f.mc)
        .outcome(),
  ],
  'PresentCertificate/holder': [
    notHis,
    () => given(signed).when(presentCertificate, { serial: S }, stranger).outcome(),
  ],
  'AcceptCertificate/holder': [
    notHis,
    () => given(signed).when(acceptCertificate, presented, stranger).outcome(),
  ],
  'RefuseCertificate/holder': [
    notHis,
    () =>
      given(signed)
        .when(refuseCertificate(policy), { ...presented, cause: 'contentWrong' }, stranger)
        .outcome(),
  ],
  'RequestRevocation/holder': [
    'CGU-61 REVOKER_NOT_ENTITLED',
    () =>
      given(file(), signed)
        .when(requestRevocation(policy), { ...revocation, channel: 'portal' }, stranger)
        .outcome(),
  ],
  'RequestRevocation/mc': [notEntitled, () => revoking(f.mc, M2)],
  'RequestRevocation/legalRepresentative': [notEntitled, () => revoking(c.legalRepresentative, c.L2)],
  'RequestRevocation/authorisedPerson': [notEntitled, () => revoking(c.authorisedPerson, P2)],
  'RequestRecovery/holder': [
    notRecovered,
    () =>
      given(file(), ...recoverable)
        .when(requestRecovery, claim, stranger)
        .outcome(),
  ],
  'CloseRecovery/holder': [
    notRecovered,
    () => given(kept, asked).when(closeRecovery, { recovery: Q, cause: 'withdrawn' }, stranger).outcome(),
  ],
  'DeliverRecovery/holder': [
    notRecovered,
    () => given(kept, asked).when(deliverRecovery, { recovery: Q, receipt: 'reçu' }, stranger).outcome(),
  ],
}

/** Of the journals the ledger itself takes the actor's: nobody names one. */
const journals = new Set<string>(Object.keys(dutyTable.journal))
const cells = [...duties].flatMap(([command, duty]) =>
  journals.has(command)
    ? []
    : duty.who.flatMap((role) => {
        const scope = scopeOf(duty, role)
        return scope === 'own' || scope === 'entity' ? [`${command}/${role}`] : []
      }),
)

describe('what a role reaches', () => {
  it('CGU-06: each cell that reaches no further than oneself, or one entity, has its case', () => {
    expect(Object.keys(cases).sort()).toEqual(cells.sort())
  })

  it.each(Object.entries(cases))('CGU-06: %s, on what is another’s', async (_, [refusal, outcome]) => {
    expect(await outcome()).toBe(refusal)
  })

  it('CGU-06, CGU-55: who is told whose a command is gets nowhere with it', async () => {
    const told = [...duties].flatMap(([command, duty]) => (duty.told === undefined ? [] : [command]))
    expect(told).toEqual(['RequestRenewal'])
    expect(duties.get('RequestRenewal')?.told).toEqual({
      ...{ roles: ['mc', 'raOfficer'], clause: 'CGU-55', code: 'RENEWAL_HOLDER_ONLY' },
    })
    expect(await renewing(f.mc)).toBe('CGU-55 RENEWAL_HOLDER_ONLY')
    expect(await renewing(f.ra)).toBe('CGU-55 RENEWAL_HOLDER_ONLY')
    expect(await renewing(f.holder)).toBe('CertificateRequested CguAccepted')
  })
})
