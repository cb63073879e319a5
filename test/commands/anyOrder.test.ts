// Deciders whose lives the model (test/model) does not live: whatever is commanded in whatever order, the same command given twice
// is one, and what happens to one thing leaves another as it is.
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fingerprint } from '../../commands/approvalKeyChain.ts'
import { registerApprovalKey } from '../../commands/approvalKeys.ts'
import { confirmApprovalKey } from '../../commands/confirmApprovalKey.ts'
import { keyStatement } from '../../commands/approvalStatement.ts'
import { acceptAppointment, checkAppointee, proposeAppointment } from '../../commands/appointments.ts'
import { planCaRevocation } from '../../commands/endOfLife.ts'
import {
  installCaCertificate,
  planCaCertificate,
  planServiceKey,
  recordServiceKey,
} from '../../commands/ceremonyActs.ts'
import { closeEntity } from '../../commands/closeEntity.ts'
import { recordComponentRun } from '../../commands/componentRuns.ts'
import {
  commissionComponent,
  declareComponent,
  modifyComponent,
  retireComponent,
} from '../../commands/components.ts'
import { completeControl, orderControl } from '../../commands/controls.ts'
import { correctRegistration } from '../../commands/correctRegistration.ts'
import { planCrl, recordCrl, recordCrlPublication, rejectCrlPlan } from '../../commands/crls.ts'
import { discloseData, endDisclosure, produceExport } from '../../commands/disclosures.ts'
import { closeDispute, openDispute } from '../../commands/disputes.ts'
import { adoptDocument, adoptParameters, recordPublication } from '../../commands/documents.ts'
import { endAppointment } from '../../commands/endAppointment.ts'
import { closeRequest } from '../../commands/endRequest.ts'
import { executeRecovery } from '../../commands/executeRecovery.ts'
import { createHandle, type Handle } from '../../commands/handle.ts'
import { liftHold, placeHold } from '../../commands/holds.ts'
import { issueInSession, undoSession } from '../../commands/issuanceActs.ts'
import { openJournal } from '../../commands/journals.ts'
import { recordOcspActivity } from '../../commands/ocspRecords.ts'
import { presentCertificate } from '../../commands/presentCertificate.ts'
import { planReport, recordReport } from '../../commands/reports.ts'
import { countKeyStock } from '../../commands/keyStock.ts'
import { recordDeniedKeyUse, recordServiceKeyCopy } from '../../commands/serviceKeys.ts'
import { verifyEntity } from '../../commands/verifyEntity.ts'
import { request } from '../../domain/request.ts'
import type { Actor, Command, Decider, Event } from '../../domain/kernel.ts'
import { duties } from '../../domain/policy/duties.ts'
import { parametersOf } from '../../domain/policy/parameters.ts'
import { placesOf } from '../../domain/policy/publication.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { actor, morning, on } from '../support/given.ts'
import { officerKey } from '../support/officerKeys.ts'
import * as c from './controlsFacts.ts'
import * as e from './endOfLifeFacts.ts'
import * as f from './facts.ts'

/** One command on a thing (0 or 1); `choice` picks who gives it and with which data. */
type Act = Readonly<{
  type: string
  give: (handle: Handle, id: string, thing: number, choice: number) => ReturnType<Handle>
}>

const pick = <T>(choice: number, ...of: readonly T[]): T => of[choice % of.length]!

const act = <S, C extends Command, E extends Event, F>(
  decider: Decider<S, C, E, F>,
  by: readonly Actor[],
  // What is no data of the command, the stored form of its event refuses.
  data: (thing: number, choice: number) => object,
): Act => ({
  type: decider.type,
  give: (handle, id, thing, choice) => {
    const order = { type: decider.type, id, at: morning, by: pick(choice, ...by), data: data(thing, choice) }
    return handle(decider, order as unknown as C)
  },
})

const own = (thing: number): string => uuid(300 + thing)
const day = (choice: number): string => pick(choice, '2026-02-15', '2026-03-01', '2026-04-15')
const [archivist, representative] = [actor('archivist', 16), actor('legalRepresentative', 17)]
const holder = actor('holder', 1)
const second = { person: e.so.person, roles: ['securityOfficer'] } as const
const minutes = { minutesSha256: f.digest, present: 'témoin' }
const list = (thing: number) => ({ issuer: pick(thing, f.issuer, 'b'.repeat(16)), number: 1 })
const keys = [officerKey(), officerKey()]
const kindOf = (thing: number) => pick(thing, 'dpc', 'cgu')

const reported = (thing: number, choice: number) => ({
  ...{ servicekey: own(thing), second, report: 'ceremony' },
  documents: [pick(choice, f.digest, 'e'.repeat(64))],
})

/** Everything that can be commanded of each kind of thing, by the kind's name. */
const kinds: Readonly<Record<string, readonly Act[]>> = {
  entity: [
    act(verifyEntity, [f.ra], (thing, choice) => ({
      ...{ entity: own(thing), kind: 'ministry', siren: '110020013', method: 'register', name: 'Douanes' },
      ...{ address: 'Montreuil', contact: 'pki@douane.example', evidence: 'SIRENE', validUntil: day(choice) },
    })),
    act(closeEntity, [f.ra, e.ca], (thing, choice) => ({
      ...{ entity: own(thing), cause: 'closed', effectiveOn: day(choice) },
    })),
  ],
  appointment: [
    act(proposeAppointment(f.policy), [f.ra, e.so, e.ca], (thing, choice) => ({
      ...{
        appointment: own(thing),
        role: pick(choice, 'raOfficer', 'auditor', 'caOfficer', 'recoveryOfficer'),
      },
      ...{ fromOn: '2026-02-01', untilOn: day(choice), person: uuid(33), surname: 'Garçon' },
      ...{ givenNames: 'Noé', email: 'noe@douane.example', mandate: 'décision' },
    })),
    act(checkAppointee, [f.ra, e.so], (thing) => ({ appointment: own(thing), ...f.inPerson })),
    act(acceptAppointment, [actor('holder', 33), holder], (thing) => ({
      ...{ appointment: own(thing), undertakingSha256: f.digest, means: 'portal' },
    })),
    act(registerApprovalKey(f.policy), [actor('recoveryOfficer', 33)], (thing, choice) => {
      const key = pick(choice, ...keys)
      const proof = key.sign(keyStatement(f.policy, own(thing), key.keySha256))
      return { appointment: own(thing), publicKey: key.publicKey, proof }
    }),
    act(confirmApprovalKey(f.policy), [e.so], (thing, choice) => ({
      ...{ appointment: own(thing), keySha256: fingerprint(pick(choice, ...keys).publicKey) },
    })),
    act(endAppointment, [f.ra, e.so, e.ca, representative], (thing, choice) => ({
      ...{ appointment: own(thing), cause: pick(choice, 'withdrawn', 'departure'), effectiveOn: day(choice) },
    })),
  ],
  file: [
    act(correctRegistration, [f.ra, holder, actor('holder', 9)], (thing, choice) => ({
      request: own(thing),
      values: pick<object>(choice, { email: 'z@x.example' }, { matricule: '0012345679' }, { matricule: '1' }),
    })),
    act(closeRequest, [f.ra, holder], (thing) => ({ request: own(thing), cause: 'withdrawn' })),
    act(issueInSession, [f.ra, holder], (thing) => ({ request: own(thing) })),
    act(undoSession, [f.ra], (thing) => ({ request: own(thing) })),
    act(presentCertificate, [f.ra, holder], () => ({ serial: f.S })),
    act(executeRecovery(f.policy), [actor('recoveryOfficer', 6)], (thing) => ({ recovery: own(thing) })),
  ],
  component: [
    act(declareComponent, [c.caOfficer, c.operator], (thing) => ({
      ...{ component: own(thing), kind: 'desk', ra: 'dgddi', configurationSha256: f.digest },
    })),
    act(modifyComponent, [c.caOfficer, c.operator], (thing, choice) => ({
      ...{ component: own(thing), significant: choice % 2 === 0, configurationSha256: f.digest },
    })),
    act(orderControl, [c.supervisor, c.caOfficer], (thing, choice) => ({
      ...{ component: own(thing), control: uuid(500 + choice), dueOn: '2026-06-30' },
      scope: pick(choice, 'commissioning', 'modification', 'confirmation', 'policy'),
    })),
    act(completeControl, [c.auditor, c.caAsAuditor], (thing, choice) => ({
      ...{ component: own(thing), verdict: pick(choice, 'passed', 'failed'), completedOn: day(choice) },
      ...{ findingCount: 0, reportSha256: f.digest },
    })),
    act(commissionComponent, [c.caOfficer, c.auditorAsCa], (thing) => ({ component: own(thing) })),
    act(retireComponent, [c.caOfficer], (thing) => ({ component: own(thing), cause: 'replaced' })),
    act(recordComponentRun, [f.program], (thing, choice) => {
      const fault = { kind: 'siteDiffers', subject: 'https://igc.example/x.crl' } as const
      const run = { configurationSha256: f.digest, planned: true }
      return {
        component: own(thing),
        run: pick(
          choice,
          { type: 'ComponentStarted' as const, data: run },
          { type: 'ComponentFaultFound' as const, data: fault },
          { type: 'ComponentFaultCleared' as const, data: fault },
          { type: 'ComponentStopped' as const, data: run },
        ),
      }
    }),
  ],
  dispute: [
    act(openDispute, [c.support], (thing) => ({
      ...{ dispute: own(thing), channel: 'phone', tool: 'assistance', holder: uuid(1), ticket: 'TK-1' },
    })),
    act(closeDispute, [c.support, actor('supportAgent', 1)], (thing, choice) => ({
      ...{ dispute: own(thing), outcome: pick(choice, 'settled', 'rejected', 'transferred') },
    })),
  ],
  hold: [
    act(placeHold, [e.ca, archivist], (thing, choice) => ({
      ...{ hold: own(thing), units: pick(choice, ['reg/1'], ['reg/2', 'journal/3'], ['escrow/4']) },
      ...{ reference: 'réquisition', unknown: [] },
    })),
    act(liftHold, [e.ca, archivist], (thing) => ({ hold: own(thing), reference: 'mainlevée' })),
  ],
  export: [
    act(produceExport, [c.auditor, c.supervisor], (thing, choice) => ({
      ...{ export: own(thing), kind: 'audit', fromSize: choice, toSize: 5, manifestSha256: f.digest },
      recipientRole: 'auditor',
    })),
    act(discloseData, [e.ca], (thing, choice) => ({
      ...{ export: own(thing), fields: ['surname'], unitCount: 1, returnBy: day(choice) },
      ...{ packageSha256: f.digest, recipient: 'juge', ground: 'ordonnance' },
      ...(choice % 3 === 0 ? {} : { second }),
    })),
    act(endDisclosure, [e.ca], (thing) => ({ export: own(thing), outcome: 'returned' })),
  ],
  document: [
    act(adoptDocument, [e.ca, c.supervisor, f.program], (thing, choice) => ({
      ...{
        kind: kindOf(thing),
        version: pick(choice, '1', '2'),
        sha256: pick(choice, f.digest, '0'.repeat(64)),
      },
      ...{ effectiveFrom: `${day(choice)}T00:00:00Z`, approvedBy: 'caOfficer' },
    })),
    act(adoptParameters, [e.ca], (thing, choice) => ({
      ...{ kind: pick(thing, 'parameters' as const, kindOf(thing)), policy: 1 + (choice % 2) },
      ...{ effectiveFrom: morning, values: parametersOf(f.policy) },
    })),
    act(recordPublication(f.policy), [f.program], (thing, choice) => ({
      ...{ kind: kindOf(thing), version: pick(choice, '1', '2') },
      sites: placesOf(kindOf(thing), f.policy).map((url) => ({ url, sha256: f.digest, seenAt: morning })),
    })),
  ],
  serviceKey: [
    act(planServiceKey, [e.ca, e.so], (thing, choice) => ({
      ...{ servicekey: own(thing), purpose: pick(choice, 'ca', 'escrowKek'), algorithm: 'rsa4096' },
      scriptSha256: f.digest,
      ...{ present: 'témoin', ...(choice % 3 === 0 ? {} : { second }) },
    })),
    act(recordServiceKey, [e.ca], (thing) => ({
      ...{ servicekey: own(thing), second, module: 'm', token: 't', attributesSha256: f.digest, ...minutes },
    })),
    act(planReport, [e.ca, e.so], reported),
    act(recordReport, [e.ca, e.so], reported),
    act(recordServiceKeyCopy, [e.ca], (thing, choice) => ({
      ...{ servicekey: own(thing), second, copy: uuid(600 + (choice % 2)), ...minutes },
      direction: pick(choice, 'backup', 'transfer'),
    })),
    act(recordDeniedKeyUse, [f.program], (thing) => ({
      ...{ servicekey: own(thing), operation: 'export', cause: 'CKR_KEY_UNEXTRACTABLE', caller: 'x' },
    })),
    act(countKeyStock, [f.program], (thing, choice) => ({
      ...{
        servicekey: own(thing),
        added: choice,
        bound: 0,
        discarded: 0,
        left: choice,
        listSha256: f.digest,
      },
    })),
  ],
  list: [
    act(planCrl, [f.program], (thing, choice) => ({
      ...{
        ...list(thing),
        thisUpdate: morning,
        nextUpdate: '2026-03-08T09:00:00Z',
        upTo: 5,
        entries: choice,
      },
      ...{ last: choice % 4 === 0, profileVersion: 1 },
    })),
    act(recordCrl, [f.program], (thing) => ({
      ...{ ...list(thing), tbsSha256: f.digest, signatureAlgorithm: 'ecdsaWithSHA384', signature: 'c2ln' },
      ...{ sha256: f.digest, bytes: 500, statusTableSha256: f.digest },
    })),
    act(rejectCrlPlan, [f.program], (thing) => ({ ...list(thing), cause: 'lint', findings: ['x'] })),
    act(recordCrlPublication(f.policy), [f.program], (thing) => ({
      ...list(thing),
      sha256: f.digest,
      sites: [],
    })),
  ],
  authority: [
    act(planCaCertificate, [f.program, e.ca], (thing) => ({
      ...{ issuer: pick(thing, f.issuer, 'b'.repeat(16)), tbs: 'dGJz', notAfter: '2036-03-02T09:00:00Z' },
      ...{ servicekey: uuid(30), signer: uuid(31) },
    })),
    act(installCaCertificate, [f.program, e.ca], (thing) => ({
      ...{ ...e.installed.data, issuer: pick(thing, f.issuer, 'b'.repeat(16)) },
    })),
  ],
  caRevocation: [
    act(installCaCertificate, [f.program], (thing) => ({
      ...{ ...e.installed.data, issuer: pick(thing, f.issuer, 'b'.repeat(16)) },
    })),
    act(planCaRevocation, [e.ca, e.so], (thing) => ({
      ...{ ...e.revocation, second, issuer: pick(thing, f.issuer, 'b'.repeat(16)) },
    })),
  ],
  journal: [
    act(openJournal, [f.ra, holder], (thing) => ({
      ...{ journal: own(thing), quarter: '2026-Q1', kind: 'account', account: 'marie' },
    })),
  ],
  activity: [
    act(recordOcspActivity, [f.program], (thing, choice) => ({
      ...{
        issuer: f.issuer,
        day: pick(thing, '2026-03-01', '2026-03-02'),
        part: '090000-0',
        good: choice,
        revoked: 0,
        unknown: 0,
      },
      ...{ tryLater: 0, unissuedAsked: 0, responders: [], samples: 0, samplesRoot: f.digest },
      worstLagSeconds: 0,
    })),
  ],
}

type Given = Readonly<{ which: number; thing: number; choice: number }>

const open = async () => {
  const records: Parameters<typeof openListStore>[0] = []
  const parts = { keys: memoryKeys(), log, now: () => new Date(morning), randomBytes: seededBytes() }
  const ledger = createLedger({ store: openListStore(records), ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  for (const thing of [0, 1]) await on(request, own(thing), f.requested())(handle, uuid(900 + thing))
  return { ledger, handle, size: () => records.length }
}

/** Gives the commands in their order, each of them twice. @returns what became of each, and what each stream then holds */
const lived = async (acts: readonly Act[], orders: readonly (readonly [string, Given])[]) => {
  const { ledger, handle, size } = await open()
  const outcomes: Record<string, string> = {}
  for (const [id, { which, thing, choice }] of orders) {
    const give = () => acts[which % acts.length]!.give(handle, id, thing, choice)
    const first = await give()
    const before = size()
    const again = await give()
    expect(size(), 'the same command again writes nothing').toBe(before)
    if ('refused' in first) expect(again).toEqual(first)
    else if (first.accepted.length > 0) expect(again).toMatchObject({ accepted: [], replayed: true })
    outcomes[id] =
      'refused' in first ? first.refused.code : first.accepted.map(({ type }) => type).join() || 'nothing'
  }
  const streams: Record<string, string[]> = {}
  for await (const { stream, type, id, body } of ledger.entries()) {
    // What is random in a leaf is drawn in the order of the ledger.
    const { env, ...pub } = body.pub
    ;(streams[stream] ??= []).push(JSON.stringify([type, id, pub, { ...(env as object), nonce: '' }]))
  }
  return { outcomes, streams }
}

it.each(Object.entries(kinds))(
  'CGU-110, CGU-111: %s: the same command twice is one, and two things do not know of each other',
  async (_, acts) => {
    const met = new Set<string>()
    const given = fc.record({ which: fc.nat(50), thing: fc.nat(1), choice: fc.nat(11) })
    await fc.assert(
      fc.asyncProperty(fc.array(given, { maxLength: 24 }), async (sequence) => {
        const orders = sequence.map((one, n) => [uuid(10_000 + n), one] as const)
        const together = await lived(acts, orders)
        const apart = [0, 1].flatMap((thing) => orders.filter(([, one]) => one.thing === thing))
        expect(await lived(acts, apart)).toEqual(together)
        for (const outcome of Object.values(together.outcomes)) met.add(outcome)
      }),
      { seed: 20_260_302, numRuns: 40 },
    )
    // Commands are accepted as well as refused, or nothing has been seen.
    expect([...met].some((outcome) => /^[A-Z][a-z]/.test(outcome))).toBe(true)
  },
)

/** What a journal is told is written without a look at it, each time anew. */
const entries = [
  'RecordRefusal',
  'RecordConsultation',
  'RecordSignIn',
  'RecordFailedSignIn',
  'CountFailedSignIns',
]
/** Commands that nothing of this tree gives yet (test/commands/duties.test.ts). */
const later = [...entries, 'AnchorCheckpoint', 'RecordWitness', 'RecordScavenge']

it('CGU-110: every command is in the table above, in the model, or in a property of its own', () => {
  const folders = ['commands', 'model'].map((name) => new URL(`../${name}/`, import.meta.url))
  const properties = folders
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name !== 'anyOrder.test.ts')
        .map((name) => readFileSync(new URL(name, folder), 'utf8')),
    )
    .filter((text) => /\bfc\b|from '\.\/model\.ts'/.test(text))
  const here = new Set(Object.values(kinds).flatMap((acts) => acts.map(({ type }) => type)))
  const nowhere = [...duties.keys()].filter((command) => {
    const decider = new RegExp(`\\b${command[0]!.toLowerCase()}${command.slice(1)}\\b`)
    return !here.has(command) && !properties.some((text) => decider.test(text))
  })
  expect(nowhere.filter((command) => !later.includes(command))).toEqual([])
})
