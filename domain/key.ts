// Keys: one key pair and its escrow, from binding to destruction (CGU-38, CGU-41, CGU-42, CGU-60, CGU-116). The stream is named
// after the public key, so no key can be certified twice: the first event is appended to no stream.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { code, h, id, n, sn, t, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { algorithm, custody, destructionCause, destructionMethod, regime } from './lists.ts'

const optional = Type.Optional

const PublicKeyBound = event('PublicKeyBound', {
  pub: {
    serial: sn,
    custody,
    request: optional(id),
    session: optional(n),
    servicekey: optional(id),
    algorithm,
  },
})
const KeyEscrowed = event('KeyEscrowed', {
  pub: {
    serial: sn,
    person: id,
    request: id,
    blobSha256: h,
    recordMac: h,
    kek: id,
    generatedAt: t,
    testedAt: t,
    from: t,
    until: t,
  },
  sealed: { esc: { holderName: text, entity: text } },
})
const recoveryOf = {
  regime,
  recovery: optional(id),
  request: optional(id),
  session: optional(n),
  card: optional(id),
}
const KeyRecoveryStarted = event('KeyRecoveryStarted', {
  pub: recoveryOf,
  // Who carried it out, on request: he does not hand over what he knows the passphrase of.
  sealed: { rec: { recipient: optional(id), executor: optional(id) } },
})
const KeyRecovered = event('KeyRecovered', {
  pub: { ...recoveryOf, publicKeyMatched: Type.Literal(true), outputSha256: optional(h) },
})
const KeyRecoveryFailed = event('KeyRecoveryFailed', { pub: { ...recoveryOf, stage: code, fault: code } })
/** The key lies under another KEK from now on: these are its digest and its MAC. */
const EscrowedKeyRewrapped = event('EscrowedKeyRewrapped', {
  pub: { fromKek: id, toKek: id, blobSha256: h, recordMac: h },
})
const EscrowedKeyDestroyed = event('EscrowedKeyDestroyed', {
  pub: {
    destruction: id,
    cause: destructionCause,
    blobCopies: n,
    method: destructionMethod,
    proofSha256: h,
  },
})

export const keyForms = [
  PublicKeyBound,
  KeyEscrowed,
  KeyRecoveryStarted,
  KeyRecovered,
  KeyRecoveryFailed,
  EscrowedKeyRewrapped,
  EscrowedKeyDestroyed,
] as const
export type KeyEvent = EventOf<(typeof keyForms)[number]>

/** What the recovery that holds the key is for: a new card's session, or an approved request. */
export type RecoveryOf = Readonly<{
  recovery: string | undefined
  request: string | undefined
  session: number | undefined
}>
export type Escrow = Readonly<{
  serial: string
  person: string
  /** The file that it was made on. */
  request: string
  from: string
  until: string
  blobSha256: string
  /** Id of the KEK that it lies under. */
  kek: string
  holderName: string | undefined
  entity: string | undefined
}>
export type Key =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{
      status: 'bound'
      serial: string
      custody: 'escrow' | 'service'
      servicekey: string | undefined
    }>
  | (Escrow & Readonly<{ status: 'kept'; outcomes: number; recovered: readonly Recovered[] }>)
  | (Escrow &
      Readonly<{
        status: 'recovering'
        outcomes: number
        recovered: readonly Recovered[]
        under: RecoveryOf
        executor: string | undefined
      }>)
  | Readonly<{ status: 'destroyed'; serial: string; destruction: string }>
type Escrowed = Extract<Key, { status: 'kept' | 'recovering' }>
/** The key while it is in escrow, under a recovery or not (CGU-42). */
export const escrowed = (state: Key): Escrowed | undefined =>
  state.status === 'kept' || state.status === 'recovering' ? state : undefined

/** Whether the key is under this recovery, and under no other. */
export const isUnder = (state: Key, of: Partial<RecoveryOf>): boolean =>
  state.status === 'recovering' &&
  state.under.recovery === of.recovery &&
  state.under.request === of.request &&
  state.under.session === of.session
export type Recovered = RecoveryOf &
  Readonly<{
    outputSha256: string | undefined
    /** Person number; absent for a new card, and once the request's data key has been destroyed. */
    executor: string | undefined
  }>

type Data<T extends KeyEvent['type']> = Extract<KeyEvent, { type: T }>['data']

const under = (data: Data<'KeyRecoveryStarted' | 'KeyRecovered' | 'KeyRecoveryFailed'>): RecoveryOf => ({
  recovery: data.recovery,
  request: data.request,
  session: data.session,
})

const evolve = (state: Key, { type, data }: KeyEvent): Key => {
  switch (type) {
    case 'PublicKeyBound':
      return { status: 'bound', serial: data.serial, custody: data.custody, servicekey: data.servicekey }
    case 'KeyEscrowed':
      return {
        status: 'kept',
        outcomes: 0,
        recovered: [],
        serial: data.serial,
        person: data.person,
        request: data.request,
        from: data.from,
        until: data.until,
        blobSha256: data.blobSha256,
        kek: data.kek,
        holderName: opened(data.holderName),
        entity: opened(data.entity),
      }
    case 'KeyRecoveryStarted':
      return {
        ...{ ...kept(state, type), status: 'recovering', under: under(data) },
        executor: opened(data.executor),
      }
    case 'KeyRecovered':
      return finished(state, type, {
        ...{ ...under(data), outputSha256: data.outputSha256 },
        executor: state.status === 'recovering' ? state.executor : undefined,
      })
    case 'KeyRecoveryFailed':
      return finished(state, type)
    case 'EscrowedKeyRewrapped':
      return { ...kept(state, type), kek: data.toKek, blobSha256: data.blobSha256 }
    case 'EscrowedKeyDestroyed':
      return { status: 'destroyed', serial: kept(state, type).serial, destruction: data.destruction }
    default:
      return unreachable(type)
  }
}

const kept = (state: Key, type: string): Escrowed => {
  const held = escrowed(state)
  if (held !== undefined) return held
  throw new Error(`${type} before KeyEscrowed`)
}

const finished = (state: Key, type: string, recovered?: Recovered): Key => {
  const { serial, person, request, from, until, blobSha256, kek, holderName, entity, ...before } = kept(
    state,
    type,
  )
  return {
    status: 'kept',
    ...{ serial, person, request, from, until, blobSha256, kek, holderName, entity },
    outcomes: before.outcomes + 1,
    recovered: recovered === undefined ? before.recovered : [...before.recovered, recovered],
  }
}

export const key: Aggregate<Key, KeyEvent> = {
  name: 'key',
  initial: { status: 'unknown' },
  evolve,
  ...codec(keyForms),
  units: (_, state, { type, data }) => {
    if (type === 'KeyEscrowed') return { esc: data.serial }
    if (type === 'KeyRecoveryStarted' && data.recovery !== undefined) return { rec: data.recovery }
    return {}
  },
}
