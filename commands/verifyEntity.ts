// CGU-24: « validation par l'AE de l'identité « personne morale » de l'entité de rattachement du porteur ».
import { entity, type Entity, type EntityEvent } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'

export type VerifyEntity = Command<
  'VerifyEntity',
  { entity: string } & Extract<EntityEvent, { type: 'EntityVerified' }>['data']
>

export const verifyEntity: Decider<Entity, VerifyEntity, EntityEvent> = {
  type: 'VerifyEntity',
  who: ['raOfficer'],
  aggregate: entity,
  stream: ({ data }) => data.entity,
  decide: ({ data: { entity: _, ...data } }, state) =>
    state.status === 'closed'
      ? refuse('CGU-24', 'OUT_OF_ORDER', state.status)
      : accept({ type: 'EntityVerified', data }),
}
