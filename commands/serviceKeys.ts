// What becomes of a service key after it was made: its copies, the uses of it that were denied, its destruction.
// CGU-89: « S’interdit de transmettre la clé privée lui ayant permis d’émettre des certificats ».
// CGU-90: « Prend toutes les mesures nécessaires pour la détruire ou la rendre inopérante ».
import { authority, type Authority } from '../domain/authority.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { alone, keyHolders, presentAt, type Second } from '../domain/policy/dualControl.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'
import { foldFinished, unfinished, type Finished } from './endOfLife.ts'

type Data<T extends ServiceKeyEvent['type']> = Extract<ServiceKeyEvent, { type: T }>['data']
/** `present` is said in words; who was there is added to them. */
type Held<T extends { present: unknown }> = Omit<T, 'present'> & {
  servicekey: string
  present: string
  second?: Second
}

export type RecordServiceKeyCopy = Command<'RecordServiceKeyCopy', Held<Data<'ServiceKeyCopied'>>>
export type RecordDeniedKeyUse = Command<
  'RecordDeniedKeyUse',
  { servicekey: string } & Data<'ServiceKeyUseDenied'>
>
export type PlanServiceKeyDestruction = Command<
  'PlanServiceKeyDestruction',
  Held<Data<'ServiceKeyDestructionPlanned'>> & {
    /** Number of the authority's last list, as the read model knows it. */
    lastCrl: number
    /** CGU-116: the file of this key is on hold, as the shell has looked up. */
    held: boolean
  }
>
export type RecordServiceKeyDestruction = Command<
  'RecordServiceKeyDestruction',
  Held<Data<'ServiceKeyDestroyed'>>
>

const onKey = {
  aggregate: serviceKey,
  stream: ({ data }: { data: { servicekey: string } }) => data.servicekey,
}

/** The keys that certificates were issued with leave the service under no circumstances. */
const neverTransmitted = (state: ServiceKey): boolean =>
  'purpose' in state && (state.purpose === 'ca' || state.purpose === 'root')

export const recordServiceKeyCopy: Decider<ServiceKey, RecordServiceKeyCopy, ServiceKeyEvent> = {
  ...onKey,
  type: 'RecordServiceKeyCopy',
  who: keyHolders,
  decide: ({ data: { servicekey: _, second, ...data }, by }, state) => {
    if (data.direction === 'transfer' && neverTransmitted(state))
      return refuse('CGU-89', 'CA_KEY_NEVER_TRANSMITTED', data.direction)
    const single = alone(by, second)
    if (single) return single
    if (state.status !== 'live') return refuse('CGU-90', 'OUT_OF_ORDER', state.status)
    if (state.copies.includes(data.copy)) return accept()
    return accept({
      type: 'ServiceKeyCopied',
      data: { ...data, present: presentAt(by, second, data.present) },
    })
  },
}

/** Whoever it was, and whatever state the key is in: an attempt is a fact. */
export const recordDeniedKeyUse: Decider<ServiceKey, RecordDeniedKeyUse, ServiceKeyEvent> = {
  ...onKey,
  type: 'RecordDeniedKeyUse',
  who: ['program'],
  decide: ({ data: { servicekey: _, ...data } }, state) =>
    'copies' in state
      ? accept({ type: 'ServiceKeyUseDenied', data })
      : refuse('CGU-06', 'OUT_OF_ORDER', state.status),
}

/** Copies that the ledger knows and that are not named, and the other way round. */
export const copiesDiffering = (known: readonly string[], named: readonly string[]) => ({
  missing: known.filter((copy) => !named.includes(copy)),
  unknown: named.filter((copy) => !known.includes(copy)),
})

/** « toutes les mesures »: each copy that was ever made is named, and none that was not. */
const notEveryCopy = (state: { copies: readonly string[] }, named: readonly string[]) => {
  const { missing, unknown } = copiesDiffering(state.copies, named)
  return missing.length + unknown.length === 0
    ? undefined
    : refuse('CGU-90', 'COPIES_DIFFER', `copies: ${missing.length} missing, ${unknown.length} unknown`)
}

type End = Readonly<{ authority: Authority; finished: Finished }>

/** The CA's key goes when nothing is left to be signed and somebody else has taken over what remains. */
const stillNeeded = (purpose: string, end: End | undefined): Decision<never> | undefined => {
  // Other authorities may hang on the root: its end is not this procedure.
  if (purpose === 'root') return refuse('CGU-91', 'OUT_OF_ORDER', purpose)
  if (purpose !== 'ca') return undefined
  if (end === undefined) return refuse('CGU-86', 'LAST_CRL_MISSING', 'crl')
  const { status } = end.authority
  return (
    unfinished(end.finished) ??
    (status === 'transferred' ? undefined : refuse('CGU-82', 'OBLIGATIONS_MISSING', status))
  )
}

/** An authority's id is the beginning of the digest of its key. */
const issuerOf = (state: ServiceKey): string | undefined =>
  'spkiSha256' in state ? state.spkiSha256?.slice(0, 16) : undefined

export const planServiceKeyDestruction: Decider<
  ServiceKey,
  PlanServiceKeyDestruction,
  ServiceKeyEvent,
  End | undefined
> = {
  ...onKey,
  type: 'PlanServiceKeyDestruction',
  who: keyHolders,
  facts: async (fold, { data }, state) => {
    const issuer = issuerOf(state)
    if (issuer === undefined) return undefined
    return {
      authority: await fold(authority, issuer),
      finished: await foldFinished(fold, issuer, data.lastCrl),
    }
  },
  decide: ({ data: { servicekey, copies, cause, present, second, held }, by }, state, end) => {
    const single = alone(by, second)
    if (single) return single
    if (state.status === 'doomed' || state.status === 'destroyed') return accept()
    if (state.status !== 'live') return refuse('CGU-90', 'OUT_OF_ORDER', state.status)
    if (held) return refuse('CGU-116', 'UNIT_ON_HOLD', `reg/${servicekey}`)
    return (
      stillNeeded(state.purpose, end) ??
      notEveryCopy(state, copies) ??
      accept({
        type: 'ServiceKeyDestructionPlanned',
        data: { copies, cause, present: presentAt(by, second, present) },
      })
    )
  },
}

export const recordServiceKeyDestruction: Decider<ServiceKey, RecordServiceKeyDestruction, ServiceKeyEvent> =
  {
    ...onKey,
    type: 'RecordServiceKeyDestruction',
    who: keyHolders,
    decide: ({ data: { servicekey: _, second, ...data }, by }, state) => {
      const single = alone(by, second)
      if (single) return single
      if (state.status === 'destroyed') return accept()
      if (state.status !== 'doomed') return refuse('CGU-90', 'OUT_OF_ORDER', state.status)
      return (
        notEveryCopy(state, data.copies) ??
        accept({
          type: 'ServiceKeyDestroyed',
          data: { ...data, present: presentAt(by, second, data.present) },
        })
      )
    },
  }

/**
 * The same without a ceremony, where nobody sees what is done: of a key that only this installation's own files hold. One on a token, and
 * each copy, goes before witnesses who see every one destroyed (`grand-livre ca-key-destruction`).
 */
export const recordDestructionUnseen = (isOnToken: boolean): typeof recordServiceKeyDestruction => ({
  ...recordServiceKeyDestruction,
  decide: (command, state, facts) => {
    const decision = recordServiceKeyDestruction.decide(command, state, facts)
    const copies = 'copies' in state ? state.copies.length : 0
    const writesNothing = !('accepted' in decision) || decision.accepted.length === 0
    if (writesNothing || (!isOnToken && copies === 0)) return decision
    return refuse('CGU-90', 'CEREMONY_REQUIRED', `on a token: ${isOnToken}; copies: ${copies}`)
  },
})
