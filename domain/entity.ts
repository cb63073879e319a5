// Entities: the legal persons that certificates may name (CGU-24, CGU-25, CGU-33).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, opened, type EventOf } from './event.ts'
import { d, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { endCause, entityKind, entityProof } from './lists.ts'

const EntityVerified = event('EntityVerified', {
  pub: {
    kind: entityKind,
    siren: Type.String({ pattern: '^\\d{9}$' }),
    method: entityProof,
    validUntil: Type.Optional(d),
  },
  sealed: { reg: { name: text, address: text, contact: text, evidence: text } },
})
const EntityClosed = event('EntityClosed', {
  pub: { cause: endCause, effectiveOn: d },
  sealed: { reg: { note: Type.Optional(text) } },
})

export const entityForms = [EntityVerified, EntityClosed] as const
export type EntityEvent = EventOf<(typeof entityForms)[number]>

export type Entity =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{ status: 'verified'; siren: string; name: string | undefined; validUntil: string | undefined }>
  | Readonly<{ status: 'closed' }>

const evolve = (state: Entity, { type, data }: EntityEvent): Entity => {
  switch (type) {
    case 'EntityVerified':
      return {
        status: 'verified',
        siren: data.siren,
        name: opened(data.name),
        validUntil: data.validUntil,
      }
    case 'EntityClosed':
      return { status: 'closed' }
    default:
      return unreachable(type)
  }
}

export const entity: Aggregate<Entity, EntityEvent> = {
  name: 'entity',
  initial: { status: 'unknown' },
  evolve,
  ...codec(entityForms),
  units: (id) => ({ reg: id }),
}
