// Sessions that are open: at which desk, with which card. A row goes when its session does.
import type { Event } from '../domain/kernel.ts'
import type { RequestEvent } from '../domain/request.ts'
import type { LiveSessionRow } from '../readmodels/schema.ts'
import { idOf, type Projection, type Recorded } from './projection.ts'
import { insertRows, isAnyOf } from './rows.ts'

type Opened = Extract<RequestEvent, { type: 'SessionOpened' }>['data']

const rowOf = (data: Opened, { stream, rank, at }: Recorded): LiveSessionRow => ({
  request: idOf(stream),
  session: data.session,
  desk: data.desk ?? null,
  card: data.card,
  serial: data.serial,
  rank,
  at,
})

const ends: ReadonlySet<Event['type']> = new Set(['CardHandedOver', 'SessionClosed'])

export const sessions: Projection = {
  name: 'sessions',
  version: 1,
  streams: ['request-'],
  tables: ['live_session'],
  apply: async (tx, batch) => {
    // A request has one open session at most.
    const opened = new Map<string, LiveSessionRow>()
    const ended: string[] = []
    for (const { event, at } of batch) {
      const request = idOf(at.stream)
      if (event.type === 'SessionOpened')
        opened.set(request, rowOf((event as RequestEvent).data as Opened, at))
      if (ends.has(event.type) && !opened.delete(request)) ended.push(request)
    }
    if (ended.length > 0) await tx.deleteFrom('live_session').where(isAnyOf('request', ended)).execute()
    await insertRows(tx, 'live_session', [...opened.values()])
  },
}
