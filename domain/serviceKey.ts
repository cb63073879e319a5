// Service keys: root, CA, OCSP responders and the keys that protect the escrow (CGU-06, CGU-89, CGU-90, RGS VI.1.1).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type, type Static } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, h, id, n, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import {
  algorithm,
  copyDirection,
  destructionMethod,
  keyOperation,
  keyPurpose,
  type Algorithm,
} from './lists.ts'

const ServiceKeyPlanned = event('ServiceKeyPlanned', {
  pub: { purpose: keyPurpose, algorithm, scriptSha256: h },
  sealed: { reg: { present: text } },
})
const ServiceKeyGenerated = event('ServiceKeyGenerated', {
  pub: {
    spkiSha256: Type.Optional(h),
    checkValue: Type.Optional(code),
    module: code,
    token: code,
    attributesSha256: h,
    minutesSha256: h,
  },
  sealed: { reg: { present: text } },
})
const ServiceKeyCopied = event('ServiceKeyCopied', {
  pub: { copy: id, direction: copyDirection, minutesSha256: h },
  sealed: { reg: { present: text } },
})
// Of a KEK of the escrow: the keys made ahead that lie wrapped and are nobody's. `added`, `bound`, `discarded` since the count before: made,
// handed out, given up or removed; `left` are there, and `listSha256` is the digest of which. What does not add up: `missing` keys, and the
// codes of what is wrong (commands/stockBalance.ts).
const KeyStockCounted = event('KeyStockCounted', {
  pub: {
    ...{ added: n, bound: n, discarded: n, left: n, listSha256: h },
    missing: Type.Optional(n),
    faults: Type.Optional(Type.Array(code)),
  },
})
const ServiceKeyUseDenied = event('ServiceKeyUseDenied', {
  pub: { operation: keyOperation, cause: code },
  sealed: { jou: { caller: text } },
})
const ServiceKeyDestructionPlanned = event('ServiceKeyDestructionPlanned', {
  pub: { copies: Type.Array(id), cause: code },
  sealed: { reg: { present: text } },
})
const ServiceKeyDestroyed = event('ServiceKeyDestroyed', {
  // `sessionsClosed`: sessions of the module that were open and were closed first.
  pub: {
    copies: Type.Array(id),
    method: destructionMethod,
    failedUseCode: code,
    sessionsClosed: Type.Optional(n),
    minutesSha256: h,
  },
  sealed: { reg: { present: text } },
})
// Reports that the log key signs: each of their documents by its digest, before it is signed and after.
const ReportPlanned = event('ReportPlanned', { pub: { report: code, documents: Type.Array(h) } })
const ReportSigned = event('ReportSigned', { pub: { report: code, documents: Type.Array(h) } })

export const serviceKeyForms = [
  ServiceKeyPlanned,
  ServiceKeyGenerated,
  ServiceKeyCopied,
  KeyStockCounted,
  ServiceKeyUseDenied,
  ServiceKeyDestructionPlanned,
  ServiceKeyDestroyed,
  ReportPlanned,
  ReportSigned,
] as const
export type ServiceKeyEvent = EventOf<(typeof serviceKeyForms)[number]>

type Planned = Readonly<{ purpose: Static<typeof keyPurpose>; algorithm: Algorithm }>
type Made = Planned &
  Readonly<{
    spkiSha256: string | undefined
    /** Every copy that was ever made beside the key itself, oldest first. */
    copies: readonly string[]
    /** The newest report that the log key signs: its documents' digests, and whether it has signed them. */
    report?: Readonly<{ documents: readonly string[]; signed: boolean }>
  }>

export type ServiceKey =
  | Readonly<{ status: 'unknown' }>
  | (Planned & Readonly<{ status: 'planned' }>)
  | (Made & Readonly<{ status: 'live' | 'doomed' | 'destroyed' }>)

const evolve = (state: ServiceKey, { type, data }: ServiceKeyEvent): ServiceKey => {
  switch (type) {
    case 'ServiceKeyPlanned':
      return { status: 'planned', purpose: data.purpose, algorithm: data.algorithm }
    case 'ServiceKeyGenerated':
      if (state.status !== 'planned') throw new Error('ServiceKeyGenerated without ServiceKeyPlanned')
      return { ...state, status: 'live', spkiSha256: data.spkiSha256, copies: [] }
    case 'ServiceKeyCopied': {
      const key = made(state, type)
      return { ...key, copies: [...key.copies, data.copy] }
    }
    case 'KeyStockCounted':
    case 'ServiceKeyUseDenied':
      return state
    case 'ReportPlanned':
      return { ...made(state, type), report: { documents: data.documents, signed: false } }
    case 'ReportSigned':
      return { ...made(state, type), report: { documents: data.documents, signed: true } }
    case 'ServiceKeyDestructionPlanned':
      return { ...made(state, type), status: 'doomed' }
    case 'ServiceKeyDestroyed':
      return { ...made(state, type), status: 'destroyed' }
    default:
      return unreachable(type)
  }
}

const made = (state: ServiceKey, type: string): Extract<ServiceKey, Made> => {
  if ('copies' in state) return state
  throw new Error(`${type} before ServiceKeyGenerated`)
}

export const serviceKey: Aggregate<ServiceKey, ServiceKeyEvent> = {
  name: 'servicekey',
  initial: { status: 'unknown' },
  evolve,
  ...codec(serviceKeyForms),
  units: (id) => ({ reg: id }),
}
