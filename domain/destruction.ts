// Destructions: one run over units of one class that have come to their term (CGU-113 to CGU-116): proposed from the due list,
// visa of the archives, two approvals, then the act.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { signedFields, signedOf, type SignedApproval } from './approval.ts'
import { codec, event, opened, type EventOf } from './event.ts'
import { code, d, h, id, n, t, text, unit } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { destructionCause, destructionMethod, retentionClass, type RetentionClass } from './lists.ts'

const DestructionProposed = event('DestructionProposed', {
  pub: {
    class: retentionClass,
    cause: destructionCause,
    units: Type.Array(unit, { minItems: 1, maxItems: 500 }),
    latestDue: t,
  },
  // Who proposed is excluded from approving. Absent where the program did.
  sealed: { reg: { proposer: Type.Optional(id) } },
})
const EliminationVisaRecorded = event('EliminationVisaRecorded', {
  pub: { visaSha256: h, grantedOn: d },
  sealed: { reg: { reference: text } },
})
const DestructionApproved = event('DestructionApproved', {
  pub: { nth: n, listSha256: h, statementSha256: Type.Optional(h), expiresAt: Type.Optional(t) },
  sealed: { reg: { approver: id, statement: Type.Optional(text), ...signedFields } },
})
const DestructionCancelled = event('DestructionCancelled', { pub: { cause: code } })
const DestructionStarted = event('DestructionStarted', {
  pub: {},
  // Whose approvals counted when it began.
  sealed: { reg: { operators: Type.Optional(Type.Array(id)) } },
})
const DataDestroyed = event('DataDestroyed', {
  pub: {
    units: Type.Array(unit),
    spared: Type.Array(unit),
    method: destructionMethod,
    dataKeys: n,
    attestationSha256: h,
  },
  sealed: { reg: { operators: Type.Array(id) } },
})

export const destructionForms = [
  DestructionProposed,
  EliminationVisaRecorded,
  DestructionApproved,
  DestructionCancelled,
  DestructionStarted,
  DataDestroyed,
] as const
export type DestructionEvent = EventOf<(typeof destructionForms)[number]>

/** By the number of a person, absent once the run's own file has been destroyed. */
export type RunApproval = Readonly<{ approver: string | undefined; signed: SignedApproval | undefined }>
export type Run = Readonly<{
  status: 'proposed' | 'cancelled' | 'started' | 'done'
  class: RetentionClass
  cause: 'termEnded' | 'neverCertified'
  units: readonly string[]
  latestDue: string
  proposer: string | undefined
  visa: Readonly<{ sha256: string; grantedOn: string }> | undefined
  approvals: readonly RunApproval[]
  /** Person numbers of those whose approvals counted when it began; absent before, and once the run's own file has been destroyed. */
  operators: readonly string[] | undefined
}>
export type Destruction = Readonly<{ status: 'unknown' }> | Run

const evolve = (state: Destruction, { type, data }: DestructionEvent): Destruction => {
  if (type === 'DestructionProposed')
    return {
      status: 'proposed',
      class: data.class,
      cause: data.cause,
      units: data.units,
      latestDue: data.latestDue,
      proposer: opened(data.proposer),
      visa: undefined,
      approvals: [],
      operators: undefined,
    }
  if (state.status === 'unknown') throw new Error(`${type} before DestructionProposed`)
  switch (type) {
    case 'EliminationVisaRecorded':
      return { ...state, visa: { sha256: data.visaSha256, grantedOn: data.grantedOn } }
    case 'DestructionApproved':
      return {
        ...state,
        approvals: [...state.approvals, { approver: opened(data.approver), signed: signedOf(data) }],
      }
    case 'DestructionCancelled':
      return { ...state, status: 'cancelled' }
    case 'DestructionStarted':
      return { ...state, status: 'started', operators: opened(data.operators) }
    case 'DataDestroyed':
      return { ...state, status: 'done' }
    default:
      return unreachable(type)
  }
}

export const destruction: Aggregate<Destruction, DestructionEvent> = {
  name: 'destruction',
  initial: { status: 'unknown' },
  evolve,
  ...codec(destructionForms),
  units: (id) => ({ reg: id }),
}
