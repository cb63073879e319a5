// CGU-38: « met en œuvre un séquestre systématique des clés de déchiffrement ».
// CGU-60: « La génération d’une nouvelle bi-clé est systématique pour toute délivrance d’un certificat. »
import { certificate, type Certificate } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { isUnder, key, type Escrow, type Key, type KeyEvent } from '../domain/key.ts'
import { isHis } from '../domain/policy/oldKeys.ts'
import { escrowRuns, escrowUntil } from '../domain/policy/validity.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { dueAt } from '../domain/policy/retention.ts'
import { recovery, type Recovery } from '../domain/recovery.ts'
import { request, type Request } from '../domain/request.ts'
import type { Appointed } from './approvalKeyChain.ts'
import { quorumOf } from './approvals.ts'
import { appointedTo } from './signedApproval.ts'

type Data<T extends KeyEvent['type']> = Extract<KeyEvent, { type: T }>['data']

export type BindPublicKey = Command<'BindPublicKey', { spki: string } & Data<'PublicKeyBound'>>
export type EscrowKey = Command<'EscrowKey', { spki: string } & Data<'KeyEscrowed'>>
export type StartKeyRecovery = Command<'StartKeyRecovery', { spki: string } & Data<'KeyRecoveryStarted'>>
type OutcomeData = { spki: string; under: Under } & (
  { recovered: true; outputSha256?: string } | { recovered: false; stage: string; fault: string }
)
/** The recovery whose outcome it is: an approved request, or a session. */
type Under = Readonly<{ recovery: string } | { request: string; session: number }>
export type RecordKeyRecovery = Command<'RecordKeyRecovery', OutcomeData>
export type RewrapKey = Command<'RewrapKey', { spki: string } & Omit<Data<'EscrowedKeyRewrapped'>, 'fromKek'>>
export type RecordKeyDestruction = Command<
  'RecordKeyDestruction',
  { spki: string } & Data<'EscrowedKeyDestroyed'>
>

const stream = ({ data }: { data: { spki: string } }): string => data.spki

/** The stream's name is the lock: a second serial finds the key taken and takes another. */
export const bindPublicKey: Decider<Key, BindPublicKey, KeyEvent> = {
  type: 'BindPublicKey',
  who: ['program'],
  aggregate: key,
  stream,
  decide: ({ data: { spki: _, ...data } }, state) => {
    if (state.status === 'unknown') return accept({ type: 'PublicKeyBound', data })
    return state.serial === data.serial ? accept() : refuse('CGU-60', 'PUBLIC_KEY_TAKEN', data.serial)
  },
}

export const escrowKey = (policy: Policy): Decider<Key, EscrowKey, KeyEvent> => ({
  type: 'EscrowKey',
  who: ['program'],
  aggregate: key,
  stream,
  decide: ({ data: { spki: _, ...data } }, state) => {
    if (state.status === 'kept' && state.serial === data.serial) return accept()
    if (state.status !== 'bound' || state.serial !== data.serial)
      return refuse('CGU-38', 'OUT_OF_ORDER', state.status)
    if (state.custody !== 'escrow') return refuse('CGU-108', 'ESCROW_FORBIDDEN', state.custody)
    if (data.until !== escrowUntil(data.from, policy.escrow.years))
      return refuse('CGU-41', 'ESCROW_TERM_WRONG', data.until)
    return accept({ type: 'KeyEscrowed', data })
  },
})

/** `old`: the file that the key was made on. */
type Facts = Readonly<{
  recovery: Recovery | undefined
  appointed: Appointed
  file: Request | undefined
  old: Request
}>

/** CGU-42, CGU-43: old keys leave the escrow for a new card in the session that was opened with them, while it is open. */
const notInSession = (
  { session }: StartKeyRecovery['data'],
  { serial }: Escrow,
  file: Request | undefined,
): Decision<never> | undefined => {
  const live = file !== undefined && file.status === 'inSession' ? file.session : undefined
  return live?.number === session && live?.recover.includes(serial) === true
    ? undefined
    : refuse('CGU-34', 'OUT_OF_ORDER', file?.status ?? 'unknown')
}

/** CGU-46: what was approved is the recovery of this key, and of no other. */
const approvedFor = (
  { data: { spki, recovery: id }, at }: StartKeyRecovery,
  held: Key,
  { recovery: file, appointed }: Facts,
  policy: Policy,
): boolean =>
  id !== undefined &&
  file !== undefined &&
  file.status !== 'unknown' &&
  file.key === spki &&
  quorumOf(policy, { id, file, held, appointed }, at)

/** What allows the key to leave the escrow: the session of a new card, or the approvals of a request. */
const notAllowed = (
  command: StartKeyRecovery,
  held: Key & Escrow,
  facts: Facts,
  policy: Policy,
): Decision<never> | undefined => {
  const { spki, ...data } = command.data
  if (data.regime === 'newCard')
    return isHis(facts.file ?? request.initial, held, facts.old)
      ? notInSession({ spki, ...data }, held, facts.file)
      : refuse('CGU-43', 'CARD_OF_ANOTHER_HOLDER', spki)
  return approvedFor(command, held, facts, policy)
    ? undefined
    : refuse('CGU-46', 'RECOVERY_NOT_APPROVED', data.recovery ?? spki)
}

/** CGU-42, CGU-46, CGU-48: only within the term, one at a time, and on request only once approved. */
export const startKeyRecovery = (policy: Policy): Decider<Key, StartKeyRecovery, KeyEvent, Facts> => ({
  type: 'StartKeyRecovery',
  who: ['program'],
  aggregate: key,
  stream,
  facts: async (fold, { data }, state) => {
    const asked = data.recovery === undefined ? undefined : await fold(recovery, data.recovery)
    return {
      old: 'request' in state ? await fold(request, state.request) : request.initial,
      recovery: asked,
      appointed: await appointedTo(fold, asked),
      file: data.request === undefined ? undefined : await fold(request, data.request),
    }
  },
  decide: (command, state, facts) => {
    const { spki, ...data } = command.data
    if (state.status === 'recovering') return refuse('CGU-41', 'KEY_BUSY', spki)
    if (state.status !== 'kept') return refuse('CGU-38', 'KEY_NOT_ESCROWED', spki)
    if (!escrowRuns(state.until, command.at)) return refuse('CGU-48', 'ESCROW_TERM_ENDED', state.until)
    return notAllowed(command, state, facts, policy) ?? accept({ type: 'KeyRecoveryStarted', data })
  },
})

export const recordKeyRecovery: Decider<Key, RecordKeyRecovery, KeyEvent> = {
  type: 'RecordKeyRecovery',
  who: ['program'],
  aggregate: key,
  stream,
  decide: ({ data }, state) => {
    if (state.status !== 'recovering') return refuse('CGU-46', 'OUT_OF_ORDER', state.status)
    const { under } = data
    if (!isUnder(state, under)) return refuse('CGU-41', 'KEY_BUSY', data.spki)
    const of = { regime: 'recovery' in under ? ('approved' as const) : ('newCard' as const), ...under }
    if (!data.recovered)
      return accept({ type: 'KeyRecoveryFailed', data: { ...of, stage: data.stage, fault: data.fault } })
    const output = data.outputSha256 === undefined ? {} : { outputSha256: data.outputSha256 }
    return accept({ type: 'KeyRecovered', data: { ...of, publicKeyMatched: true, ...output } })
  },
}

/** CGU-41: a key in escrow lies under one KEK: it moves to another while nobody takes it out. The outcome is a fact by then. */
export const rewrapKey: Decider<Key, RewrapKey, KeyEvent> = {
  type: 'RewrapKey',
  who: ['program'],
  aggregate: key,
  stream,
  // Whose key it is does not matter here: a name is opened for nothing.
  unopened: true,
  decide: ({ data: { spki, ...data } }, state) => {
    if (state.status === 'recovering') return refuse('CGU-41', 'KEY_BUSY', spki)
    if (state.status !== 'kept') return refuse('CGU-38', 'KEY_NOT_ESCROWED', spki)
    if (state.kek === data.toKek) return accept()
    return accept({ type: 'EscrowedKeyRewrapped', data: { ...data, fromKek: state.kek } })
  },
}

/** CGU-41, CGU-116: a key is destroyed after its term and the policy's margin, never while a recovery holds it; only a key that
 * was never certified goes before. */
export const recordKeyDestruction = (
  policy: Policy,
): Decider<Key, RecordKeyDestruction, KeyEvent, Certificate | undefined> => ({
  type: 'RecordKeyDestruction',
  who: ['program'],
  aggregate: key,
  stream,
  facts: async (fold, _, state) => ('serial' in state ? await fold(certificate, state.serial) : undefined),
  decide: ({ data: { spki, ...data }, at }, state, signed) => {
    if (state.status === 'destroyed') return accept()
    if (state.status === 'recovering') return refuse('CGU-41', 'KEY_BUSY', spki)
    if (state.status !== 'kept') return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    const neverCertified = data.cause === 'neverCertified' && signed?.status === 'abandoned'
    const due = dueAt({ class: 'escrow', starts: state.until }, policy)
    if (!neverCertified && (due === undefined || at < due))
      return refuse('CGU-41', 'ESCROW_TERM_RUNNING', state.until)
    return accept({ type: 'EscrowedKeyDestroyed', data })
  },
})
