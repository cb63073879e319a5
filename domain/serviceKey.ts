// Service keys: root, CA, OCSP responders and the keys that protect the escrow (CGU-06, RGS VI.1.1).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, h, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { algorithm, keyPurpose, type Algorithm } from './lists.ts'

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

export const serviceKeyForms = [ServiceKeyPlanned, ServiceKeyGenerated] as const
export type ServiceKeyEvent = EventOf<(typeof serviceKeyForms)[number]>

export type ServiceKey =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{ status: 'planned'; purpose: string; algorithm: Algorithm }>
  | Readonly<{ status: 'live'; purpose: string; algorithm: Algorithm; spkiSha256: string | undefined }>

const evolve = (state: ServiceKey, { type, data }: ServiceKeyEvent): ServiceKey => {
  switch (type) {
    case 'ServiceKeyPlanned':
      return { status: 'planned', purpose: data.purpose, algorithm: data.algorithm }
    case 'ServiceKeyGenerated':
      if (state.status !== 'planned') throw new Error('ServiceKeyGenerated without ServiceKeyPlanned')
      return { ...state, status: 'live', spkiSha256: data.spkiSha256 }
    default:
      return unreachable(type)
  }
}

export const serviceKey: Aggregate<ServiceKey, ServiceKeyEvent> = {
  name: 'servicekey',
  initial: { status: 'unknown' },
  evolve,
  ...codec(serviceKeyForms),
  units: (id) => ({ reg: id }),
}
