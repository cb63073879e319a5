// The history: one row an event, and what it concerns. Only public fields are read, so nothing here is personal.
import type { Event } from '../domain/kernel.ts'
import type { HistoryRow } from '../readmodels/schema.ts'
import type { ConcernKind } from '../readmodels/history.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { insertRows } from './rows.ts'

/** Public fields that name a thing, and its kind. A name means the same in every event (events.md section 6). */
const named: Readonly<Record<string, ConcernKind>> = {
  serial: 'serial',
  serials: 'serial',
  recover: 'serial',
  previous: 'serial',
  request: 'request',
  reliesOn: 'request',
  card: 'card',
  recovery: 'recovery',
  key: 'key',
  spkiSha256: 'key',
  person: 'person',
  samePersonAs: 'person',
}

/** What the stream itself is about. */
const subjects: Readonly<Record<string, ConcernKind>> = {
  certificate: 'serial',
  request: 'request',
  card: 'card',
  recovery: 'recovery',
  key: 'key',
}

const concernsOf = ({ data }: Event, { stream, env }: Recorded): readonly string[] => {
  const concerns = new Set<string>()
  const subject = subjects[stream.slice(0, stream.indexOf('-'))]
  if (subject !== undefined) concerns.add(`${subject}:${idOf(stream)}`)
  for (const [field, kind] of Object.entries(named)) {
    const value = (data as Readonly<Record<string, unknown>>)[field]
    for (const id of Array.isArray(value) ? value : [value])
      if (typeof id === 'string') concerns.add(`${kind}:${id}`)
  }
  // The case that the event belongs to; a command that opens none is its own.
  if (env.correlationId !== env.commandId) concerns.add(`case:${env.correlationId}`)
  return [...concerns].sort()
}

const rowOf = ({ event, at }: Applied): HistoryRow => ({
  rank: at.rank,
  stream: at.stream,
  revision: at.revision,
  id: at.id,
  type: event.type,
  at: at.at,
  occurred_at: at.env.occurredAt,
  role: at.env.role,
  concerns: concernsOf(event, at),
})

export const history: Projection = {
  name: 'history',
  version: 1,
  tables: ['history'],
  apply: (tx, batch) => insertRows(tx, 'history', batch.map(rowOf)),
}
