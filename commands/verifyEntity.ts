// CGU-24: « validation par l'AE de l'identité « personne morale » de l'entité de rattachement du porteur ».
import { entity, type Entity, type EntityEvent } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { rolesFor } from '../domain/policy/duties.ts'

export type VerifyEntity = Command<
  'VerifyEntity',
  { entity: string } & Extract<EntityEvent, { type: 'EntityVerified' }>['data']
>

export const verifyEntity: Decider<Entity, VerifyEntity, EntityEvent> = {
  type: 'VerifyEntity',
  who: rolesFor('VerifyEntity'),
  aggregate: entity,
  stream: ({ data }) => data.entity,
  decide: ({ data: { entity: _, ...data }, at }, state) => {
    if (state.status === 'closed') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    if (data.validUntil !== undefined && data.validUntil < dayOf(at))
      return refuse('CGU-24', 'ENTITY_NOT_VERIFIED', 'validUntil')
    return accept({ type: 'EntityVerified', data })
  },
}
