// Disputes, without whose they are: the ticket and the holder stay sealed in the ledger.
import type { DisputeEvent } from '../domain/dispute.ts'
import type { DisputeRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

const evolve = (row: DisputeRow | undefined, { event, at }: Applied): DisputeRow => {
  const { type, data } = event as DisputeEvent
  if (type === 'DisputeOpened')
    return {
      ...{ dispute: idOf(at.stream), rank: at.rank, status: 'open', channel: data.channel },
      ...{ serial: data.serial ?? null, tool: data.tool, opened_at: at.env.occurredAt },
      ...{ outcome: null, closed_at: null },
    }
  if (row === undefined) throw new Error(`${type} before DisputeOpened`)
  return { ...row, status: 'closed', outcome: data.outcome, closed_at: at.env.occurredAt }
}

export const disputes: Projection = {
  name: 'disputes',
  version: 1,
  streams: ['dispute-'],
  tables: ['dispute'],
  apply: async (tx, batch) => {
    const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const known = await tx.selectFrom('dispute').selectAll().where(isAnyOf('dispute', ids)).execute()
    const rows = new Map(known.map((row) => [row.dispute, row]))
    for (const applied of batch) {
      const id = idOf(applied.at.stream)
      rows.set(id, evolve(rows.get(id), applied))
    }
    await upsertRows(tx, 'dispute', ['dispute'], [...rows.values()])
  },
}
