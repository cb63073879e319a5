// What each retention unit's term is counted from (CGU-113 to CGU-116; domain/policy/retention.ts says how long it is), which
// units are on hold, and which are gone. Public fields only.
import type { Event } from '../domain/kernel.ts'
import { addDays } from '../domain/policy/dates.ts'
import { quarterEnds } from '../domain/policy/retention.ts'
import type { RetentionUnitRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { insertRows, isAnyOf, upsertRows } from './rows.ts'

type Pub = Readonly<Record<string, unknown>>
type Change = Readonly<{
  unit: string
  /** Makes the unit, where it is not there yet. */
  opens?: Pick<RetentionUnitRow, 'class' | 'kind'>
  set: (row: RetentionUnitRow, rows: ReadonlyMap<string, RetentionUnitRow>) => Partial<RetentionUnitRow>
}>

const text = (data: Pub, field: string): string | undefined =>
  typeof data[field] === 'string' ? data[field] : undefined
const latest = (one: string | null, other: string | null | undefined): string | null =>
  other === undefined || other === null || (one !== null && one >= other) ? one : other
const dayAfter = (day: unknown): string => addDays(`${String(day)}T00:00:00Z`, 1)
const reg = (kind: string) => ({ class: 'reg', kind }) as const
const opening = (unit: string, kind: string, row: Partial<RetentionUnitRow> = {}): Change => ({
  ...{ unit, opens: reg(kind) },
  set: () => row,
})
const starting = (unit: string, at: string): Change => ({ unit, set: () => ({ starts_at: at }) })

/** What an event says about the file of its own stream: that it begins, or that its term does. */
const ofFile = (type: string, data: Pub, unit: string, at: string): readonly Change[] => {
  switch (type) {
    case 'CertificateRequested': {
      const relied = text(data, 'reliesOn')
      return [opening(unit, 'request', relied === undefined ? {} : { relies_on: `reg/${relied}` })]
    }
    case 'AppointmentProposed':
      return [opening(unit, 'appointment', { starts_at: dayAfter(data['untilOn']) })]
    case 'EntityVerified':
      return [opening(unit, 'entity')]
    case 'DisputeOpened':
      return [opening(unit, 'dispute')]
    case 'PersonalDataDisclosed':
      return [opening(unit, 'export')]
    // A card of the stock, whose chip number is kept under the card itself.
    case 'CardStocked':
      return [opening(unit, 'card')]
    case 'ServiceKeyPlanned':
      return [opening(unit, 'servicekey')]
    case 'AppointmentEnded':
    case 'EntityClosed':
      return [starting(unit, dayAfter(data['effectiveOn']))]
    case 'DisputeClosed':
    case 'DisclosureEnded':
    case 'ServiceKeyDestroyed':
    case 'CardScrapped':
      return [starting(unit, at)]
    case 'RequestRejected':
    case 'RequestClosed':
      return [{ unit, set: (row) => ({ starts_at: latest(row.starts_at, at) }) }]
    default:
      return []
  }
}

/** The escrow of a key, the recoveries of it, and the file that names its holder. */
const ofEscrow = (type: string, data: Pub, { stream }: Recorded, at: string): readonly Change[] => {
  const serial = text(data, 'serial') ?? idOf(stream)
  const unit = `escrow/${serial}`
  switch (type) {
    case 'KeyEscrowed': {
      const until = text(data, 'until') ?? at
      const request = text(data, 'request') ?? ''
      return [
        { unit, opens: { class: 'escrow', kind: 'key' }, set: () => ({ starts_at: until, request }) },
        { unit: `reg/${request}`, set: (row) => ({ floor_at: latest(row.floor_at, until) }) },
      ]
    }
    case 'CertificatePlanned':
      return [{ unit, set: () => ({ not_after: text(data, 'notAfter') ?? null }) }]
    case 'RecoveryRequested':
      return [
        {
          unit: `recovery/${idOf(stream)}`,
          opens: { class: 'recovery', kind: 'recovery' },
          set: (_, rows) => ({ starts_at: latest(at, rows.get(unit)?.starts_at) }),
        },
      ]
    default:
      return []
  }
}

/** The seven years of a file begin when the last certificate issued on it ends. */
const issued = (rows: ReadonlyMap<string, RetentionUnitRow>, serial: string): readonly Change[] => {
  const escrow = rows.get(`escrow/${serial}`)
  if (escrow === undefined) return []
  const { request, not_after: ends } = escrow
  return [{ unit: `reg/${request ?? ''}`, set: (row) => ({ starts_at: latest(row.starts_at, ends) }) }]
}

const ofRun = (type: string, data: Pub, run: string, at: string): readonly Change[] => {
  const units = (data['units'] ?? []) as readonly string[]
  const own = `reg/${run}`
  switch (type) {
    case 'DestructionProposed':
      return [opening(own, 'destruction'), ...units.map((unit) => ({ unit, set: () => ({ run }) }))]
    case 'DestructionCancelled':
      return [starting(own, at)]
    case 'DataDestroyed':
      return [starting(own, at), ...units.map((unit) => ({ unit, set: () => ({ destroyed_at: at }) }))]
    case 'HoldPlaced':
      return [opening(own, 'hold')]
    case 'HoldLifted':
      return [starting(own, at)]
    default:
      return []
  }
}

const changesOf = (
  { type, data }: Event,
  recorded: Recorded,
  rows: ReadonlyMap<string, RetentionUnitRow>,
): readonly Change[] => {
  const pub = data as Pub
  const at = recorded.env.occurredAt
  const id = idOf(recorded.stream)
  if (type === 'CertificateIssued') return issued(rows, id)
  if (type === 'JournalOpened') {
    const starts = quarterEnds(text(pub, 'quarter') ?? '')
    const opens = { class: 'journal', kind: 'journal' } as const
    return [{ unit: `journal/${id}`, opens, set: () => ({ starts_at: starts }) }]
  }
  return [
    ...ofFile(type, pub, `reg/${id}`, at),
    ...ofEscrow(type, pub, recorded, at),
    ...ofRun(type, pub, id, at),
  ]
}

/** Units that an event may touch, so that their rows are read before. */
const touched = ({ data }: Event, { stream }: Recorded): readonly string[] => {
  const pub = data as Pub
  const ids = [idOf(stream), text(pub, 'serial'), text(pub, 'request')].filter((id) => id !== undefined)
  const units = Array.isArray(pub['units']) ? (pub['units'] as readonly string[]) : []
  return [...ids.flatMap((id) => [`reg/${id}`, `escrow/${id}`, `recovery/${id}`]), ...units]
}

const blank = (
  { unit, opens }: Change,
  { rank, env: { occurredAt } }: Recorded,
): RetentionUnitRow | undefined =>
  opens === undefined
    ? undefined
    : {
        ...{ unit, ...opens, rank, began_at: occurredAt, starts_at: null, floor_at: null, not_after: null },
        ...{ request: null, relies_on: null, run: null, destroyed_at: null },
      }

const moveHolds = async (
  tx: Parameters<Projection['apply']>[0],
  batch: readonly Applied[],
): Promise<void> => {
  for (const { event, at } of batch) {
    const hold = idOf(at.stream)
    const { units = [] } = event.data as { units?: readonly string[] }
    if (event.type === 'HoldPlaced')
      await insertRows(
        tx,
        'retention_hold',
        [...new Set(units)].map((unit) => ({ hold, unit })),
      )
    if (event.type === 'HoldLifted') await tx.deleteFrom('retention_hold').where('hold', '=', hold).execute()
    // A run that is given up leaves its units to the next.
    if (event.type === 'DestructionCancelled')
      await tx.updateTable('retention_unit').set({ run: null }).where('run', '=', hold).execute()
    // So does one that is over, what it has spared.
    const { spared = [] } = event.data as { spared?: readonly string[] }
    if (event.type === 'DataDestroyed' && spared.length > 0)
      await tx
        .updateTable('retention_unit')
        .set({ run: null })
        .where('run', '=', hold)
        .where('unit', 'in', [...spared])
        .execute()
  }
}

export const retention: Projection = {
  name: 'retention',
  version: 2,
  streams: [
    ...['appointment-', 'card-', 'certificate-', 'destruction-', 'dispute-', 'entity-', 'export-', 'hold-'],
    ...['journal-', 'key-', 'recovery-', 'request-', 'servicekey-'],
  ],
  tables: ['retention_unit', 'retention_hold'],
  apply: async (tx, batch) => {
    const rows = new Map<string, RetentionUnitRow>()
    const read = async (units: readonly string[]): Promise<void> => {
      const found = await tx.selectFrom('retention_unit').selectAll().where(isAnyOf('unit', units)).execute()
      for (const row of found) rows.set(row.unit, row)
    }
    await read([...new Set(batch.flatMap(({ event, at }) => touched(event, at)))])
    // A certificate names its file through its escrow.
    const files = [...rows.values()].flatMap(({ request }) => (request === null ? [] : [`reg/${request}`]))
    await read(files.filter((unit) => !rows.has(unit)))
    const changed = new Set<string>()
    for (const { event, at } of batch)
      for (const change of changesOf(event, at, rows)) {
        const row = rows.get(change.unit) ?? blank(change, at)
        if (row === undefined) continue
        rows.set(change.unit, { ...row, ...change.set(row, rows) })
        changed.add(change.unit)
      }
    await upsertRows(
      tx,
      'retention_unit',
      ['unit'],
      [...changed].map((unit) => rows.get(unit)).filter((row) => row !== undefined),
    )
    await moveHolds(tx, batch)
  },
}
