// The register of cards: one row a card. Of its chip number the row has a keyed digest, as long as the number can be opened.
import type { CardEvent } from '../domain/card.ts'
import { opened } from '../domain/event.ts'
import { unreachable } from '../domain/kernel.ts'
import type { CardRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'
import type { Blind } from './search.ts'

type Data<T extends CardEvent['type']> = Extract<CardEvent, { type: T }>['data']

const nothing = {
  ...{
    ra: null,
    stocked: false,
    request: null,
    person: null,
    serials: [],
    incident: null,
    scrap_cause: null,
  },
  ...{
    chip: null,
    stocked_at: null,
    allotted_at: null,
    written_at: null,
    reported_at: null,
    scrapped_at: null,
  },
  before_allotment: null,
} satisfies Partial<CardRow>

const stocked = (data: Data<'CardStocked'>, { stream, rank, env }: Recorded): CardRow => ({
  ...nothing,
  ...{ id: idOf(stream), status: 'inStock', model: data.model, kind: data.kind, ra: data.ra, stocked: true },
  ...{ stocked_at: env.occurredAt, rank },
})

/** What an allotment changes, and a release gives back to a card in use. */
const ofAllotment = ({ status, request, person, serials, allotted_at, written_at }: CardRow) => ({
  ...{ status, request, person, serials, allotted_at, written_at },
})

const allotted = (
  row: CardRow | undefined,
  data: Data<'CardAllotted'>,
  { stream, rank, env }: Recorded,
): CardRow => ({
  ...{ id: idOf(stream), rank, ...nothing, ...row },
  ...{ status: 'allotted', model: data.model, kind: data.kind, request: data.request, person: data.person },
  ...{ serials: data.serials, allotted_at: env.occurredAt, written_at: null, incident: null },
  before_allotment: row?.status === 'inUse' ? JSON.stringify(ofAllotment(row)) : null,
})

const released = (row: CardRow): CardRow => {
  const { before_allotment: before } = row
  if (before !== null)
    return { ...row, ...(JSON.parse(before) as ReturnType<typeof ofAllotment>), before_allotment: null }
  if (!row.stocked) return { ...row, status: 'released' }
  return { ...row, status: 'inStock', request: null, person: null, serials: [], allotted_at: null }
}

const afterIncident = { blocked: 'blocked', faulty: 'faulty', lost: 'lost', stolen: 'lost' } as const

type Later = Exclude<CardEvent, { type: 'CardStocked' | 'CardAllotted' | 'CardReleased' }>

const changed = (row: CardRow, { type, data }: Later, occurredAt: string): Partial<CardRow> => {
  switch (type) {
    case 'CardWritten':
      return { status: 'written', written_at: occurredAt, before_allotment: null }
    case 'CardWriteFailed':
      return { status: 'spoiled', before_allotment: null }
    case 'CardPinDefined':
      return { status: 'inUse' }
    case 'CardIncidentReported':
      return {
        status: afterIncident[data.incident],
        incident: data.incident,
        reported_at: occurredAt,
      }
    case 'CardUnblockingStarted':
      return { status: 'unblocking' }
    case 'CardUnblocked':
      return { status: 'written' }
    case 'CardUnblockFailed':
      return { status: 'blocked' }
    case 'CardScrapped':
      return {
        ...{ status: row.request === null ? 'discarded' : 'scrapped', scrap_cause: data.cause },
        scrapped_at: occurredAt,
      }
    default:
      return unreachable(type)
  }
}

const evolveRow = (row: CardRow | undefined, event: CardEvent, at: Recorded): CardRow => {
  if (event.type === 'CardStocked') return stocked(event.data, at)
  if (event.type === 'CardAllotted') return allotted(row, event.data, at)
  if (row === undefined) throw new Error(`${event.type} before CardAllotted`)
  if (event.type === 'CardReleased') return released(row)
  return { ...row, ...changed(row, event, at.env.occurredAt) }
}

const chipOf = async (applied: Applied, blind: Blind): Promise<string | undefined> => {
  const { type } = applied.event
  if (type !== 'CardStocked' && type !== 'CardAllotted') return undefined
  const { data } = (await applied.open()) as { data: Data<'CardAllotted'> }
  const number = opened(data.chipNumber)
  return number === undefined ? undefined : blind('chip', number)
}

/** @param blind makes the digests of chip numbers */
export const createCards = (blind: Blind): Projection => ({
  name: 'cards',
  version: 1,
  streams: ['card-'],
  tables: ['card'],
  apply: async (tx, batch) => {
    const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx.selectFrom('card').selectAll().where(isAnyOf('id', ids)).execute()
    const rows = new Map<string, CardRow>(before.map((row) => [row.id, row]))
    for (const applied of batch) {
      const id = idOf(applied.at.stream)
      const row = evolveRow(rows.get(id), applied.event as CardEvent, applied.at)
      const chip = await chipOf(applied, blind)
      rows.set(id, chip === undefined ? row : { ...row, chip })
    }
    await upsertRows(tx, 'card', ['id'], [...rows.values()])
  },
})
