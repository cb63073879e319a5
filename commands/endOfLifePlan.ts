// The dry run of the end of life: each step with its clause, how far it is, what it would do now, and why it is refused now.
// Nothing is decided here: the command's own decider is asked, and nothing is written.
import { authority, type Authority } from '../domain/authority.ts'
import type { Actor, Command, Decider, Fold, Instant, Refusal } from '../domain/kernel.ts'
import { obligations, type Role } from '../domain/lists.ts'
import { addYears, dayOf } from '../domain/policy/dates.ts'
import { endOfTime, type Count } from '../domain/policy/endOfLife.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { ClauseId } from '../domain/refusals.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { considerNow } from './consider.ts'
import { planCrl } from './crls.ts'
import {
  completeRevocations,
  declareTermination,
  planCaRevocation,
  stopIssuance,
  transferObligations,
} from './endOfLife.ts'
import { planEscrowTransfer } from './escrowHandover.ts'
import { planFinalOcsp } from './ocspRecords.ts'
import { planServiceKeyDestruction } from './serviceKeys.ts'

/** Who is to be told that the authority ends, and how many of them have not been: not sent, no address, or come back. */
export type Audience = Readonly<{ holders: number; mandates: number; entities: number; untold: number }>

/** When an event was recorded, and its place in the ledger. */
export type Moment = Readonly<{ rank: number; at: string }>

/** What the dry run cannot find on the authority's own streams: read at `count.upTo`, by whoever asks. */
export type Observed = Readonly<{
  count: Count
  audience: Audience
  /** Serials that a list made now would hold. */
  entries: number
  /** The last list's number where there is one, else the number of the next. */
  crlNumber: number
  /** CGU-116: the file of the authority's key is on hold. */
  held: boolean
  /** The newest event of each type on the streams of the authority, its last list, its last answers and its key. */
  moments: ReadonlyMap<string, Moment>
}>

export type Step = Readonly<{
  step: string
  clauses: readonly ClauseId[]
  /** `underWay`: its command has been given, and its outcome is not there yet. */
  state: 'done' | 'underWay' | 'open' | 'waiting'
  done?: Moment
  /** What it would do now, in numbers. */
  would: Readonly<Record<string, number>>
  /** Why it is refused now. */
  refused?: Refusal
}>

type Asked = Readonly<{ issuer: string; at: Instant; policy: Policy; observed: Observed; fold: Fold }>

const nobody = '00000000-0000-0000-0000-000000000000'
const digest = '0'.repeat(64)
/** Who stands beside the one who would give the order. */
const both = { person: 'second', roles: ['caOfficer', 'securityOfficer'] } as const

const actor = (role: Role): Actor => ({ person: nobody, role, auth: 'none', journal: nobody, entities: [] })

type Outcome = Readonly<{ refused: Refusal }> | 'accepted' | 'nothing'

const tried = async <S, C extends Command, E, F>(
  { fold, at }: Asked,
  decider: Decider<S, C, E, F>,
  data: C['data'],
): Promise<Outcome> => {
  const by = actor(decider.who.includes('program') ? 'program' : (decider.who[0] ?? 'program'))
  const command = { type: decider.type, id: nobody, by, at, data } as unknown as C
  const decision = await considerNow(decider, command, fold)
  if ('refused' in decision) return decision
  return decision.accepted.length > 0 ? 'accepted' : 'nothing'
}

type Shown = Readonly<{
  step: string
  clauses: readonly ClauseId[]
  /** The event that ends the step. */
  ends: string
  /** Where the event alone does not: it may be another time's. */
  isDone?: boolean
  would: Readonly<Record<string, number>>
  outcome: Outcome
}>

const stepOf = ({ observed }: Asked, shown: Shown): Step => {
  const { step, clauses, ends, would, outcome } = shown
  const moment = observed.moments.get(ends)
  if (shown.isDone ?? moment !== undefined)
    return { step, clauses, state: 'done', ...(moment === undefined ? {} : { done: moment }), would: {} }
  if (outcome === 'accepted') return { step, clauses, state: 'open', would }
  if (outcome === 'nothing') return { step, clauses, state: 'underWay', would }
  return { step, clauses, state: 'waiting', would, refused: outcome.refused }
}

const isDeclared = (state: Authority): boolean => 'ceasesOn' in state

/** CGU-81, CGU-84: notices are planned by a process of their own; here is only looked whether anybody was forgotten. */
const notices = (asked: Asked, state: Authority): Step => {
  const { holders, mandates, entities, untold } = asked.observed.audience
  const about = { step: 'notices', clauses: ['CGU-81', 'CGU-84'], ends: 'NoticePlanned' } as const
  const refused: Refusal = { code: 'OUT_OF_ORDER', clause: 'CGU-84', detail: `${untold} not told` }
  // Who has been told stays told, when nobody has a valid certificate any more.
  const isDone = 'issued' in state || (isDeclared(state) && untold === 0)
  return stepOf(asked, { ...about, isDone, would: { holders, mandates, entities }, outcome: { refused } })
}

const deciding = async (asked: Asked, state: Authority): Promise<readonly Shown[]> => {
  const { issuer, at, policy, observed } = asked
  const { count, audience, entries, crlNumber } = observed
  const valid = count.issued - count.expired - count.revoked
  const term = { kind: 'total', ceasesOn: dayOf(addYears(at, 2)), actingParty: 'ca' } as const
  const endless = { thisUpdate: at, nextUpdate: endOfTime, upTo: count.upTo }
  const list = { ...endless, number: crlNumber, entries, last: true, profileVersion: 1, count }
  const handed = { obligations: [...obligations], receiverSiren: '000000000', deedSha256: digest }
  const begun = 'escrow' in state ? state.escrow : undefined
  const { transfer, certificateSha256 } = begun ?? { transfer: nobody, certificateSha256: digest }
  const handing = {
    ...{ transfer, certificateSha256, scriptSha256: digest },
    ...{ present: 'x', second: both },
  }
  const answers = { ...endless, count: count.issued, signer: 'ca', serialsSha256: digest } as const
  return [
    {
      ...{ step: 'declaration', clauses: ['CGU-80', 'CGU-83'], ends: 'TerminationDeclared', would: {} },
      outcome: await tried(asked, declareTermination(policy), { issuer, deedSha256: digest, ...term }),
    },
    {
      ...{ step: 'stop', clauses: ['CGU-80'], ends: 'IssuanceStopped', would: { underWay: count.planned } },
      isDone: state.status === 'stoppedForGood' || 'issued' in state,
      outcome: await tried(asked, stopIssuance, { issuer, cause: 'termination' }),
    },
    {
      ...{ step: 'revocations', clauses: ['CGU-85'], ends: 'RevocationsCompleted' },
      would: { certificates: valid },
      // What is still valid is what the step revokes: it is no reason against it.
      outcome: await tried(asked, completeRevocations, {
        ...{ issuer, ...count, revoked: count.revoked + valid, untold: audience.untold },
      }),
    },
    {
      ...{ step: 'lastCrl', clauses: ['CGU-86', 'CGU-87'], ends: 'CrlPublished', would: { entries } },
      outcome: await tried(asked, planCrl, { issuer, ...list }),
    },
    {
      ...{ step: 'lastAnswers', clauses: ['CGU-88'], ends: 'FinalOcspSigned' },
      would: { answers: count.issued },
      outcome: await tried(asked, planFinalOcsp, { issuer, lastCrl: crlNumber, ...answers }),
    },
    {
      ...{ step: 'escrow', clauses: ['CGU-82'], ends: 'EscrowReceiptRecorded', would: {} },
      outcome: await tried(asked, planEscrowTransfer, { issuer, lastCrl: crlNumber, ...handing }),
    },
    {
      ...{ step: 'obligations', clauses: ['CGU-82', 'CGU-83'], ends: 'ObligationsTransferred' },
      would: { obligations: obligations.length },
      outcome: await tried(asked, transferObligations, { issuer, lastCrl: crlNumber, ...handed }),
    },
  ]
}

/** The last two steps need to know which key it is. */
const keySteps = async (asked: Asked, servicekey: string): Promise<readonly Shown[]> => {
  const { issuer, at, observed, fold } = asked
  const key = await fold(serviceKey, servicekey)
  const copies = 'copies' in key ? key.copies : []
  const doom = {
    ...{ copies: [...copies], cause: 'endOfLife', present: 'x' },
    ...{ lastCrl: observed.crlNumber, held: observed.held },
  }
  const revocation = {
    ...{ root: '0'.repeat(16), serial: `4${'0'.repeat(31)}`, revokedAt: at },
    ...{ scriptSha256: digest, present: 'x', second: both },
  }
  return [
    {
      ...{ step: 'keyDestruction', clauses: ['CGU-89', 'CGU-90'], ends: 'ServiceKeyDestroyed' },
      would: { keys: 1, copies: copies.length },
      outcome: await tried(asked, planServiceKeyDestruction, { servicekey, second: both, ...doom }),
    },
    {
      ...{ step: 'caRevocation', clauses: ['CGU-91'], ends: 'CaCertificateRevoked' },
      would: { certificates: 1 },
      outcome: await tried(asked, planCaRevocation, { issuer, ...revocation }),
    },
  ]
}

/**
 * Every step of the end of an authority, in its order.
 * @returns none for an authority that was never installed
 */
export const planOfEnd = async (asked: Asked): Promise<readonly Step[]> => {
  const state = await asked.fold(authority, asked.issuer)
  if (state.status === 'unknown') return []
  const [declaration, ...others] = await deciding(asked, state)
  const rest = [...others, ...(await keySteps(asked, state.servicekey))]
  return [
    ...(declaration === undefined ? [] : [stepOf(asked, declaration)]),
    notices(asked, state),
    ...rest.map((shown) => stepOf(asked, shown)),
  ]
}
