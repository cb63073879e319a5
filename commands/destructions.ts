// CGU-116: « A l’issue de la durée de l’archivage, les données font l’objet d’une destruction. » In steps that people answer for:
// proposed from the due list, visa of the archives (code du patrimoine L.212-2), approved by two persons who are not the
// proposer, each by his own signature over the list (docs/adr/0022-dual-control.md), then the act. What is on hold is neither proposed
// nor destroyed.
import { approverRoles } from '../domain/approval.ts'
import { destruction, type Destruction, type DestructionEvent, type Run } from '../domain/destruction.ts'
import { opened } from '../domain/event.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { RetentionClass } from '../domain/lists.ts'
import { dayOf } from '../domain/policy/dates.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { classOfUnit } from '../domain/policy/retention.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { listDigest } from './approvalStatement.ts'
import { destructionApproved, runApproversAt } from './destructionApprovals.ts'
import { appointedTo, givenApproval, type GivenApproval } from './signedApproval.ts'

type Data<T extends DestructionEvent['type']> = Extract<DestructionEvent, { type: T }>['data']
type On<T> = { destruction: string } & T

/** A unit with the end of its term, from the due list; undefined: it has none yet. */
export type DueUnit = Readonly<{ unit: string; due: string | undefined; held: boolean }>

export type ProposeDestruction = Command<
  'ProposeDestruction',
  On<{ class: RetentionClass; cause: 'termEnded' | 'neverCertified'; units: readonly DueUnit[] }>
>
export type RecordVisa = Command<'RecordVisa', On<Data<'EliminationVisaRecorded'>>>
export type ApproveDestruction = Command<
  'ApproveDestruction',
  /** `listSha256`: of the list that the approver has seen; `statement`: his reason, where he signs the one that he has signed. */
  On<{ listSha256: string }> & GivenApproval
>
export type CancelDestruction = Command<'CancelDestruction', On<{ cause: string }>>
export type StartDestruction = Command<'StartDestruction', On<{ held: readonly string[] }>>
/** `held`: those of its units that are on hold at the act, as the shell has looked up. */
export type RecordDestruction = Command<
  'RecordDestruction',
  On<Data<'DataDestroyed'>> & { held: readonly string[] }
>

const onRun = {
  aggregate: destruction,
  stream: ({ data }: { data: { destruction: string } }) => data.destruction,
}

const proposed = (state: Destruction): state is Run => state.status === 'proposed'

const notDue = (
  { data, at }: ProposeDestruction,
  { unit, due, held }: DueUnit,
): Decision<never> | undefined => {
  if (classOfUnit(unit) !== data.class) return refuse('CGU-116', 'OUT_OF_ORDER', unit)
  if (held) return refuse('CGU-116', 'UNIT_ON_HOLD', unit)
  if (due !== undefined && due <= at) return undefined
  if (data.class === 'escrow') return refuse('CGU-41', 'ESCROW_TERM_RUNNING', unit)
  const clause = ({ recovery: 'CGU-115', journal: 'CGU-114', reg: 'CGU-113', status: 'CGU-113' } as const)[
    data.class
  ]
  return refuse(clause, 'RETENTION_RUNNING', unit)
}

export const proposeDestruction: Decider<Destruction, ProposeDestruction, DestructionEvent> = {
  ...onRun,
  type: 'ProposeDestruction',
  who: ['archivist', 'program'],
  decide: (command, state) => {
    const { data, by } = command
    if (state.status !== 'unknown') return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    if (data.units.length === 0) return refuse('CGU-116', 'OUT_OF_ORDER', 'units')
    for (const unit of data.units) {
      const refusal = notDue(command, unit)
      if (refusal) return refusal
    }
    const dues = data.units.map(({ due }) => due ?? '').sort()
    return accept({
      type: 'DestructionProposed',
      data: {
        class: data.class,
        cause: data.cause,
        units: data.units.map(({ unit }) => unit),
        latestDue: dues.at(-1) ?? '',
        ...(by.role === 'program' ? {} : { proposer: by.person }),
      },
    })
  },
}

/** The visa of the archives comes before the approvals, and is not dated ahead. */
export const recordVisa: Decider<Destruction, RecordVisa, DestructionEvent> = {
  ...onRun,
  type: 'RecordVisa',
  who: ['archivist'],
  decide: ({ data: { destruction: _, ...data }, at }, state) => {
    if (!proposed(state)) return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    if (state.visa !== undefined) return refuse('CGU-116', 'OUT_OF_ORDER', 'visa')
    if (data.grantedOn > dayOf(at)) return refuse('CGU-116', 'VISA_MISSING', 'grantedOn')
    return accept({ type: 'EliminationVisaRecorded', data })
  },
}

export const approveDestruction = (
  policy: Policy,
): Decider<Destruction, ApproveDestruction, DestructionEvent, Appointed> => ({
  ...onRun,
  type: 'ApproveDestruction',
  who: approverRoles.destruction,
  facts: (fold, { data }, state) => appointedTo(fold, state, data.appointment),
  decide: ({ data, by, at }, state, appointed) => {
    if (!proposed(state)) return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    if (state.visa === undefined) return refuse('CGU-116', 'VISA_MISSING', 'visa')
    if (state.proposer === by.person) return refuse('CGU-04', 'SELF_APPROVAL', by.role)
    const about = { id: data.destruction, run: state, appointed }
    if (runApproversAt(policy, about, at).includes(by.person))
      return refuse('CGU-116', 'APPROVER_ALREADY_COUNTED', by.role)
    // He approves the list that he has seen, or nothing.
    const { listSha256 } = data
    if (listSha256 !== listDigest(state)) return refuse('CGU-116', 'OUT_OF_ORDER', 'listSha256')
    const given = givenApproval(destructionApproved(policy, about), data, { person: by.person, at })
    if (given !== undefined && ('refused' in given || 'accepted' in given)) return given
    const { statement } = data
    const approval = { nth: state.approvals.length + 1, listSha256, approver: by.person, statement }
    return accept({ type: 'DestructionApproved', data: { ...approval, ...given } })
  },
})

export const cancelDestruction: Decider<Destruction, CancelDestruction, DestructionEvent> = {
  ...onRun,
  type: 'CancelDestruction',
  who: ['caOfficer', 'securityOfficer', 'archivist'],
  decide: ({ data }, state) => {
    if (state.status === 'cancelled') return accept()
    if (!proposed(state)) return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'DestructionCancelled', data: { cause: data.cause } })
  },
}

/** Persons who have to approve a run. */
export const approvalsNeeded = 2

/** The act may begin: visa recorded, approvals of two distinct persons that count now, and something left that is not on hold. */
export const startDestruction = (
  policy: Policy,
): Decider<Destruction, StartDestruction, DestructionEvent, Appointed> => ({
  ...onRun,
  type: 'StartDestruction',
  who: ['program'],
  facts: (fold, _, state) => appointedTo(fold, state),
  decide: ({ data, at }, state, appointed) => {
    if (state.status === 'started' || state.status === 'done') return accept()
    if (!proposed(state)) return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    if (state.visa === undefined) return refuse('CGU-116', 'VISA_MISSING', 'visa')
    const operators = [...runApproversAt(policy, { id: data.destruction, run: state, appointed }, at)]
    if (operators.length < approvalsNeeded) return refuse('CGU-06', 'SECOND_PERSON_REQUIRED', 'approvals')
    if (state.units.every((unit) => data.held.includes(unit)))
      return refuse('CGU-116', 'UNIT_ON_HOLD', data.destruction)
    return accept({ type: 'DestructionStarted', data: { operators } })
  },
})

/** Every unit of the run is destroyed or spared, and nothing else; by two people, and nothing that is on hold. */
export const recordDestruction: Decider<Destruction, RecordDestruction, DestructionEvent> = {
  ...onRun,
  type: 'RecordDestruction',
  who: ['program'],
  decide: ({ data: { destruction: _, held, ...data } }, state) => {
    if (state.status === 'done') return accept()
    if (state.status !== 'started') return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    const accounted = [...data.units, ...data.spared].sort()
    if (JSON.stringify(accounted) !== JSON.stringify([...state.units].sort()))
      return refuse('CGU-116', 'OUT_OF_ORDER', 'units')
    const onHold = data.units.find((unit) => held.includes(unit))
    if (onHold !== undefined) return refuse('CGU-116', 'UNIT_ON_HOLD', onHold)
    if (new Set(opened(data.operators)).size < approvalsNeeded)
      return refuse('CGU-06', 'SECOND_PERSON_REQUIRED', 'operators')
    return accept({ type: 'DataDestroyed', data })
  },
}
