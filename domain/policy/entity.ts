// CGU-24: « validation par l'AE de l'identité « personne morale » de l'entité de rattachement du porteur », on evidence that may
// itself come to an end.
import type { Entity } from '../entity.ts'
import type { Instant } from '../kernel.ts'
import { dayOf } from './dates.ts'

/** Whether the entity is verified at this instant; `validUntil` is the last day on which its evidence holds. */
export const verifiedAt = (
  entity: Entity | undefined,
  at: Instant,
): entity is Extract<Entity, { status: 'verified' }> =>
  entity?.status === 'verified' && (entity.validUntil === undefined || dayOf(at) <= entity.validUntil)
