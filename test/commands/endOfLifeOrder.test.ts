// The whole end of an authority on one ledger: lived once in its order, and then its commands in any order, however often, with
// facts that are right or wrong. Whatever is given, what stands in the ledger is a beginning of the one order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHandle } from '../../commands/handle.ts'
import { planCrl, recordCrl, recordCrlPublication } from '../../commands/crls.ts'
import {
  completeRevocations,
  declareTermination,
  recordCaRevocation,
  resumeIssuance,
  stopIssuance,
  transferObligations,
} from '../../commands/endOfLife.ts'
import {
  planEscrowTransfer,
  recordEscrowReceipt,
  recordEscrowTransfer,
} from '../../commands/escrowHandover.ts'
import { planOfEnd, type Observed } from '../../commands/endOfLifePlan.ts'
import { planFinalOcsp, recordFinalOcsp } from '../../commands/ocspRecords.ts'
import { planServiceKeyDestruction, recordServiceKeyDestruction } from '../../commands/serviceKeys.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import type { Actor, Command, Decider, Event, Fold } from '../../domain/kernel.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { morning } from '../support/given.ts'
import * as e from './endOfLifeFacts.ts'
import * as f from './facts.ts'

const { issuer, digest, policy, program } = f
const { ca, so } = e

const open = async () => {
  const parts = { keys: memoryKeys(), log, now: () => new Date(e.ceased), randomBytes: seededBytes() }
  const ledger = createLedger({ store: openListStore([]), ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  let given = 0
  const id = () => uuid(10_000 + (given += 1))
  for (const fact of [e.life('active'), e.before, e.caKey()]) await fact(handle, id())
  const history = async (): Promise<readonly string[]> => {
    const found: string[] = []
    for await (const entry of ledger.entries()) {
      const { type, data } = decodeAny(entry.stream, ledger.publicPart(entry))
      found.push('last' in data && data.last !== true ? `${type} before` : type)
    }
    return found
  }
  return { ledger, handle, id, history }
}
type World = Awaited<ReturnType<typeof open>>

/** One command of the procedure, with facts that are right or not; says what it came to. */
type Act = Readonly<{ name: string; give: (world: World, right: boolean) => Promise<string> }>

const act = <S, C extends Command, E extends Event, F>(
  decider: Decider<S, C, E, F>,
  by: Actor,
  data: C['data'],
  /** What makes it wrong. */
  wrong: Partial<C['data']> = {},
): Act => ({
  name: decider.type,
  give: async ({ handle, id }, right) => {
    const command = { type: decider.type, id: id(), data: right ? data : { ...data, ...wrong }, by }
    const outcome = await handle(decider, { ...command, at: e.ceased } as unknown as C)
    return 'refused' in outcome
      ? outcome.refused.code
      : outcome.accepted.map(({ type }) => type).join(' ') || 'nothing'
  },
})

/** Declared in March, for June: everything else is given in June. */
const declaring: Act = {
  name: 'DeclareTermination',
  give: async ({ handle, id }, right) => {
    const term = { kind: 'total', actingParty: 'ca', deedSha256: digest, issuer } as const
    const outcome = await handle(declareTermination(policy), {
      ...{ type: 'DeclareTermination', id: id(), by: ca, at: morning },
      data: { ...term, ceasesOn: right ? e.ceasesOn : '2026-05-31' },
    })
    return 'refused' in outcome ? outcome.refused.code : 'TerminationDeclared'
  },
}

const counted = { ...e.count, planned: 0 }
const held = { servicekey: e.key, present: 'témoin', second: { person: so.person, roles: [so.role] } }
const signedList = { issuer, number: 2, ...e.signedList.data } as Parameters<
  typeof recordCrl.decide
>[0]['data']
const published = { issuer, number: 2, sha256: digest, sites: e.sites }
const planning = { issuer, lastCrl: 2, ...e.answersPlanned.data } as Parameters<
  typeof planFinalOcsp.decide
>[0]['data']
const signing = { issuer, ...e.answersSigned.data } as Parameters<typeof recordFinalOcsp.decide>[0]['data']
const handing = { issuer, lastCrl: 2, ...e.transferred.data } as Parameters<
  typeof transferObligations.decide
>[0]['data']
const destroying = { ...held, ...e.destroyed.data, present: 'témoin' } as Parameters<
  typeof recordServiceKeyDestruction.decide
>[0]['data']
const revoking = { issuer, ...e.revoked.data } as Parameters<typeof recordCaRevocation.decide>[0]['data']

const together = { issuer, present: 'témoin', second: held.second }
const planningEscrow = { ...e.escrowPlanned.data, ...together, lastCrl: 2 } as Parameters<
  typeof planEscrowTransfer.decide
>[0]['data']
const sendingEscrow = { ...e.escrowSent.data, ...together } as Parameters<
  typeof recordEscrowTransfer.decide
>[0]['data']
const beside = { second: { person: ca.person, roles: [ca.role] } }
const receivedEscrow = { ...e.escrowReceived.data, ...together, ...beside } as Parameters<
  typeof recordEscrowReceipt.decide
>[0]['data']

/** In the one order, each with the event that it writes. */
const procedure: readonly (readonly [Act, string])[] = [
  [declaring, 'TerminationDeclared'],
  [act(stopIssuance, ca, { issuer, cause: 'termination' }), 'IssuanceStopped'],
  [
    act(completeRevocations, program, { issuer, ...counted, untold: 0 }, { untold: 1 }),
    'RevocationsCompleted',
  ],
  [act(planCrl, ca, { issuer, number: 2, ...e.plan, count: counted }, { upTo: 1 }), 'CrlPlanned'],
  [act(recordCrl, program, signedList), 'CrlIssued'],
  [act(recordCrlPublication(policy), program, published, { sites: [] }), 'CrlPublished'],
  [act(planFinalOcsp, ca, planning, { count: 1 }), 'FinalOcspPlanned'],
  [act(recordFinalOcsp, program, signing, { count: 1 }), 'FinalOcspSigned'],
  [act(planEscrowTransfer, ca, planningEscrow, { certificateFault: 'expired' }), 'EscrowTransferPlanned'],
  [act(recordEscrowTransfer, ca, sendingEscrow, { transfer: uuid(75) }), 'EscrowTransferred'],
  [act(recordEscrowReceipt, so, receivedEscrow, { keys: 2 }), 'EscrowReceiptRecorded'],
  [act(transferObligations, ca, handing, { obligations: ['journals'] }), 'ObligationsTransferred'],
  [
    act(
      planServiceKeyDestruction,
      ca,
      { ...held, copies: [e.copy], cause: 'endOfLife', lastCrl: 2, held: false },
      { copies: [] },
    ),
    'ServiceKeyDestructionPlanned',
  ],
  [act(recordServiceKeyDestruction, ca, destroying, { copies: [] }), 'ServiceKeyDestroyed'],
  [act(recordCaRevocation, ca, revoking), 'CaCertificateRevoked'],
]
const order = procedure.map(([, event]) => event)
const others: readonly Act[] = [
  act(stopIssuance, so, { issuer, cause: 'control' }),
  act(resumeIssuance, ca, { issuer }),
]

const milestones = (history: readonly string[]): readonly string[] => {
  const from = history.indexOf('TerminationDeclared')
  return from < 0 ? [] : history.slice(from)
}

describe('the end of an authority', () => {
  it('CGU-80 to CGU-91: lived in its order, each step opens the next; the dry run says so', async () => {
    const world = await open()
    const fold: Fold = async (aggregate, id) => (await world.ledger.load(aggregate, id)).state
    const planned = async (held: boolean) => {
      const moments = new Map((await world.history()).map((type, rank) => [type, { rank, at: e.ceased }]))
      const observed: Observed = {
        ...{ count: counted, entries: 2, crlNumber: 2, moments, held },
        audience: { holders: 0, mandates: 1, entities: 1, untold: 0 },
      }
      return planOfEnd({ issuer, at: e.ceased, policy, observed, fold })
    }
    const dryRun = async () => (await planned(false)).map(({ state }) => state[0]).join('')
    const seen = [await dryRun()]
    for (const [step, event] of procedure) {
      expect([step.name, await step.give(world, true)]).toEqual([step.name, event])
      seen.push(await dryRun())
      // CGU-116: a hold on the file of the key keeps it, and the dry run says so.
      if (event === 'ObligationsTransferred')
        expect((await planned(true))[8]).toMatchObject({
          state: 'waiting',
          refused: { code: 'UNIT_ON_HOLD' },
        })
    }
    expect(milestones(await world.history())).toEqual(order)
    // Done, under way, open, waiting: declaration, notices, stop, revocations, list, answers, escrow, obligations, key, certificate.
    expect(seen).toEqual([
      ...['owwwwwwwww', 'ddowwwwwww', 'dddowwwwww', 'ddddowwwww', 'dddduwwwww', 'dddduwwwww'],
      ...['dddddowwww', 'ddddduwwww', 'ddddddowww', 'dddddduwww', 'dddddduwww', 'dddddddoww'],
      ...['ddddddddow', 'dddddddduw', 'dddddddddo', 'dddddddddd'],
    ])
  })

  it.each([
    ['DeclareTermination', 'StopIssuance', 'OUT_OF_ORDER'],
    ['StopIssuance', 'CompleteRevocations', 'OUT_OF_ORDER'],
    ['CompleteRevocations', 'PlanCrl', 'CERTIFICATES_STILL_VALID'],
    ['PlanCrl', 'RecordCrl', 'OUT_OF_ORDER'],
    ['RecordCrl', 'RecordCrlPublication', 'OUT_OF_ORDER'],
    ['RecordCrlPublication', 'PlanFinalOcsp', 'LAST_CRL_MISSING'],
    ['PlanFinalOcsp', 'RecordFinalOcsp', 'OUT_OF_ORDER'],
    ['RecordFinalOcsp', 'TransferObligations', 'FINAL_ANSWERS_INCOMPLETE'],
    ['StopIssuance', 'PlanEscrowTransfer', 'CERTIFICATES_STILL_VALID'],
    ['DeclareTermination', 'PlanEscrowTransfer', 'END_NOT_DECLARED'],
    ['RecordFinalOcsp', 'PlanEscrowTransfer', 'FINAL_ANSWERS_INCOMPLETE'],
    ['PlanEscrowTransfer', 'RecordEscrowTransfer', 'OUT_OF_ORDER'],
    ['RecordEscrowTransfer', 'RecordEscrowReceipt', 'ESCROW_NOT_TRANSFERRED'],
    ['RecordEscrowReceipt', 'TransferObligations', 'ESCROW_NOT_TRANSFERRED'],
    ['TransferObligations', 'PlanServiceKeyDestruction', 'OBLIGATIONS_MISSING'],
    ['PlanServiceKeyDestruction', 'RecordServiceKeyDestruction', 'OUT_OF_ORDER'],
    ['RecordServiceKeyDestruction', 'RecordCaRevocation', 'CA_KEY_NOT_DESTROYED'],
  ])('CGU-80 to CGU-91: without %s, %s is refused', async (left, refused, code) => {
    const world = await open()
    for (const [step] of procedure) {
      if (step.name === left) continue
      const outcome = await step.give(world, true)
      if (step.name === refused) expect(outcome).toBe(code)
      if (step.name === refused) return
    }
  })

  it('CGU-80 to CGU-91: no sequence of commands leaves the order, nor does any step happen twice', () => {
    const acts = [...procedure.map(([step]) => step), ...others]
    const picks = fc.array(
      fc.record({
        // Mostly onward, so that long lives are met too.
        step: fc.oneof({ weight: 2, arbitrary: fc.constant(-1) }, fc.nat({ max: acts.length - 1 })),
        right: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
      }),
      { maxLength: 40 },
    )
    return fc.assert(
      fc.asyncProperty(picks, async (given) => {
        const world = await open()
        for (const { step, right } of given) {
          const reached = milestones(await world.history()).length
          await acts[step < 0 ? Math.min(reached, order.length - 1) : step]?.give(world, right)
        }
        const reached = milestones(await world.history())
        expect(reached).toEqual(order.slice(0, reached.length))
      }),
      { seed: 20_260_302, numRuns: 60 },
    )
  })
})
