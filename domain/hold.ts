// Legal holds: one hold on units that would otherwise be destroyed at their term (CGU-116).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { text, unit } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'

const units = { units: Type.Array(unit) }
const reference = { reg: { reference: text } }

const HoldPlaced = event('HoldPlaced', { pub: units, sealed: reference })
const HoldLifted = event('HoldLifted', { pub: units, sealed: reference })

export const holdForms = [HoldPlaced, HoldLifted] as const
export type HoldEvent = EventOf<(typeof holdForms)[number]>

export type Hold =
  Readonly<{ status: 'unknown' }> | Readonly<{ status: 'placed' | 'lifted'; units: readonly string[] }>

const evolve = (_: Hold, { type, data }: HoldEvent): Hold => {
  switch (type) {
    case 'HoldPlaced':
      return { status: 'placed', units: data.units }
    case 'HoldLifted':
      return { status: 'lifted', units: data.units }
    default:
      return unreachable(type)
  }
}

export const hold: Aggregate<Hold, HoldEvent> = {
  name: 'hold',
  initial: { status: 'unknown' },
  evolve,
  ...codec(holdForms),
  units: (id) => ({ reg: id }),
}
