// Who has been told that the authority ends (CGU-81, CGU-84): one row a recipient of a notice of that kind, by his stream. A notice
// that was waived had been planned: its recipient was thought of.
import type { Event } from '../domain/kernel.ts'
import type { TerminationNoticeRow } from '../readmodels/schema.ts'
import type { Applied, Projection } from './projection.ts'
import { upsertRows } from './rows.ts'

type Planned = Readonly<{ kind: string; recipients: readonly Readonly<{ stream: string }>[] }>

/** The streams that an event tells of the end. */
export const recipientsOf = ({ type, data }: Event): readonly string[] => {
  if (type !== 'NoticePlanned') return []
  const { kind, recipients } = data as Planned
  return kind === 'termination' ? recipients.map(({ stream }) => stream) : []
}

export const terminationNotices: Projection = {
  name: 'terminationNotices',
  version: 1,
  streams: ['notice-'],
  tables: ['termination_notice'],
  apply: async (tx, batch: readonly Applied[]) => {
    const rows = new Map<string, TerminationNoticeRow>()
    for (const { event, at } of batch)
      for (const recipient of recipientsOf(event)) rows.set(recipient, { recipient, rank: at.rank })
    await upsertRows(tx, 'termination_notice', ['recipient'], [...rows.values()])
  },
}
