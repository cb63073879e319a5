// Appointments, one row each. The person is sealed: what is kept of him is a keyed digest of his number, so that a sign-in
// finds his appointments and the table says about nobody who he is.
import type { AppointmentEvent } from '../domain/appointment.ts'
import { unreachable } from '../domain/kernel.ts'
import type { AppointmentRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'
import type { Blind } from './search.ts'

type Proposed = Extract<AppointmentEvent, { type: 'AppointmentProposed' }>['data']

const proposed = (data: Proposed, { rank, stream }: Applied['at'], term: string | null): AppointmentRow => ({
  appointment: idOf(stream),
  rank,
  role: data.role,
  entity: data.entity ?? null,
  ra: data.ra ?? null,
  person_term: term,
  status: 'proposed',
  from_on: data.fromOn,
  until_on: data.untilOn,
  accepted_rank: null,
  end_cause: null,
  effective_on: null,
})

const changed = (
  { type, data }: Exclude<AppointmentEvent, { type: 'AppointmentProposed' }>,
  rank: number,
): Partial<AppointmentRow> => {
  switch (type) {
    case 'AppointeeChecked':
      return { status: 'checked' }
    case 'AppointmentAccepted':
      return { status: 'inForce', accepted_rank: rank }
    // Which key an officer signs with is nobody's to look for.
    case 'ApprovalKeyRegistered':
    case 'ApprovalKeyConfirmed':
      return {}
    case 'AppointmentEnded':
      return { status: 'ended', end_cause: data.cause, effective_on: data.effectiveOn }
    default:
      return unreachable(type)
  }
}

/** @param blind makes the persons' terms; another key is another index, so it must stay the same */
export const createAppointments = (blind: Blind): Projection => {
  const termOf = async (applied: Applied): Promise<string | null> => {
    const { person } = (await applied.open()).data as Proposed
    return typeof person === 'string' ? blind('person', person) : null
  }
  return {
    name: 'appointments',
    version: 1,
    streams: ['appointment-'],
    tables: ['appointment'],
    apply: async (tx, batch) => {
      const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
      const before = await tx
        .selectFrom('appointment')
        .selectAll()
        .where(isAnyOf('appointment', ids))
        .execute()
      const rows = new Map(before.map((row) => [row.appointment, row]))
      for (const applied of batch) {
        const { at } = applied
        const event = applied.event as AppointmentEvent
        const row = rows.get(idOf(at.stream))
        if (event.type === 'AppointmentProposed')
          rows.set(idOf(at.stream), proposed(event.data, at, await termOf(applied)))
        else if (row === undefined) throw new Error(`${event.type} before AppointmentProposed`)
        else rows.set(row.appointment, { ...row, ...changed(event, at.rank) })
      }
      await upsertRows(tx, 'appointment', ['appointment'], [...rows.values()])
    },
  }
}
