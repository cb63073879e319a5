// Requests for recovery: what has become of each, and until when its approvals count (CGU-46). Who asks and why is sealed.
import { unreachable } from '../domain/kernel.ts'
import type { RecoveryEvent } from '../domain/recovery.ts'
import type { RecoveryRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Requested = Extract<RecoveryEvent, { type: 'RecoveryRequested' }>['data']

const requested = ({ serial, output }: Requested, { stream, rank, env }: Recorded): RecoveryRow => ({
  ...{ recovery: idOf(stream), serial, output, status: 'requested', requested_at: env.occurredAt },
  ...{ requested_rank: rank, approval_ends: [], decided_at: null },
})

const evolve = (row: RecoveryRow | undefined, { event, at }: Applied): RecoveryRow => {
  const { type, data } = event as RecoveryEvent
  if (type === 'RecoveryRequested') return requested(data, at)
  if (row === undefined) throw new Error(`${type} before RecoveryRequested`)
  const ended = { ...row, decided_at: at.env.occurredAt }
  switch (type) {
    case 'RecoveryApproved':
      return { ...row, approval_ends: [...row.approval_ends, data.expiresAt] }
    case 'RecoveryRejected':
      return { ...ended, status: 'rejected' }
    case 'RecoveryClosed':
      return { ...ended, status: 'closed' }
    case 'RecoveryDelivered':
      return { ...ended, status: 'delivered' }
    default:
      return unreachable(type)
  }
}

export const recoveries: Projection = {
  name: 'recoveries',
  version: 1,
  streams: ['recovery-'],
  tables: ['recovery'],
  apply: async (tx, batch) => {
    const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx.selectFrom('recovery').selectAll().where(isAnyOf('recovery', ids)).execute()
    const rows = new Map(before.map((row) => [row.recovery, row]))
    for (const applied of batch) {
      const id = idOf(applied.at.stream)
      rows.set(id, evolve(rows.get(id), applied))
    }
    await upsertRows(tx, 'recovery', ['recovery'], [...rows.values()])
  },
}
