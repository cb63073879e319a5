// CGU-116: « A l’issue de la durée de l’archivage, les données font l’objet d’une destruction. » — unless a court or an archive
// asks for them before: they are then on hold. A key is not: no reason keeps it beyond its escrow (CGU-48).
import { hold, type Hold, type HoldEvent } from '../domain/hold.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { classOfUnit } from '../domain/policy/retention.ts'

export type PlaceHold = Command<
  'PlaceHold',
  {
    hold: string
    units: readonly string[]
    reference: string
    /** Those of `units` that nothing is kept under, as the read model knows. */
    unknown: readonly string[]
  }
>
export type LiftHold = Command<'LiftHold', { hold: string; reference: string }>

export const placeHold: Decider<Hold, PlaceHold, HoldEvent> = {
  type: 'PlaceHold',
  who: ['caOfficer', 'archivist'],
  aggregate: hold,
  stream: ({ data }) => data.hold,
  decide: ({ data: { units, reference, unknown } }, state) => {
    if (state.status !== 'unknown') return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    const key = units.find((unit) => classOfUnit(unit) === 'escrow')
    if (key !== undefined) return refuse('CGU-48', 'HOLD_NOT_ON_KEY', key)
    // A slip of the pen would protect nothing, and nobody would notice before it is destroyed.
    const [missing] = unknown
    if (missing !== undefined) return refuse('CGU-116', 'UNIT_UNKNOWN', missing)
    return accept({ type: 'HoldPlaced', data: { units: [...units], reference } })
  },
}

export const liftHold: Decider<Hold, LiftHold, HoldEvent> = {
  type: 'LiftHold',
  who: ['caOfficer', 'archivist'],
  aggregate: hold,
  stream: ({ data }) => data.hold,
  decide: ({ data: { reference } }, state) => {
    if (state.status === 'lifted') return accept()
    if (state.status === 'unknown') return refuse('CGU-116', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'HoldLifted', data: { units: [...state.units], reference } })
  },
}
