// CGU-97: the RA is told of what changes; an entity that is closed, or merged into another, is named by no new certificate, and
// nobody acts for it any more (CGU-84 has its notice at the end of the CA).
import { entity, type Entity, type EntityEvent } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { rolesFor } from '../domain/policy/duties.ts'

export type CloseEntity = Command<
  'CloseEntity',
  { entity: string } & Extract<EntityEvent, { type: 'EntityClosed' }>['data']
>

export const closeEntity: Decider<Entity, CloseEntity, EntityEvent> = {
  type: 'CloseEntity',
  who: rolesFor('CloseEntity'),
  aggregate: entity,
  stream: ({ data }) => data.entity,
  decide: ({ data: { entity: _, ...data }, at }, state) => {
    if (state.status === 'closed') return accept()
    if (state.status !== 'verified') return refuse('CGU-24', 'OUT_OF_ORDER', state.status)
    // It is closed when that is recorded: a day that lies ahead is the verification's `validUntil`.
    if (data.effectiveOn > dayOf(at)) return refuse('CGU-24', 'OUT_OF_ORDER', 'effectiveOn')
    return accept({ type: 'EntityClosed', data })
  },
}
