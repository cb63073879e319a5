// Whom notices may go to, and what they depend on: requests and their renewals, mandates, entities, recoveries on request.
import { sql, type Transaction } from 'kysely'
import type { AppointmentEvent } from '../domain/appointment.ts'
import type { EntityEvent } from '../domain/entity.ts'
import { lastDayOf } from '../domain/policy/mandate.ts'
import type { RecoveryEvent } from '../domain/recovery.ts'
import type { RequestEvent } from '../domain/request.ts'
import type {
  Database,
  NoticePartyRow,
  NoticeRecoveryRow,
  NoticeRequestRow,
  Tables,
} from '../readmodels/schema.ts'
import { idOf, type Applied } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

/** What an event makes of the row of its stream; undefined leaves no row, the row itself leaves it as it is. */
type Change<Row> = (row: Row | undefined, applied: Applied) => Row | undefined

const requestRow: Change<NoticeRequestRow> = (row, { event, at }) => {
  const { type, data } = event as RequestEvent
  if (type === 'CertificateRequested')
    return {
      ...{ request: idOf(at.stream), card_kind: data.cardKind },
      ...{ previous: data.previous ?? null, ended: false },
    }
  return row !== undefined && (type === 'RequestRejected' || type === 'RequestClosed')
    ? { ...row, ended: true }
    : row
}

const mandateRow: Change<NoticePartyRow> = (row, { event, at }) => {
  const { type, data } = event as AppointmentEvent
  if (type === 'AppointmentProposed')
    return data.role !== 'mc' || data.entity === undefined
      ? undefined
      : {
          ...{ stream: at.stream, role: 'mc', entity: data.entity, in_force: false },
          ...{ from_on: data.fromOn, until_on: data.untilOn, rank: at.rank },
        }
  if (row === undefined) return undefined
  if (type === 'AppointmentAccepted') return { ...row, in_force: true }
  if (type !== 'AppointmentEnded') return row
  // One whose end lies ahead acts until then.
  return { ...row, until_on: lastDayOf({ untilOn: row.until_on ?? data.effectiveOn, end: data }) }
}

const entityRow: Change<NoticePartyRow> = (row, { event, at }) => {
  const { type, data } = event as EntityEvent
  if (type === 'EntityVerified')
    return {
      ...{ stream: at.stream, role: 'legalRepresentative', entity: idOf(at.stream), in_force: true },
      ...{ from_on: null, until_on: data.validUntil ?? null, rank: row?.rank ?? at.rank },
    }
  return row !== undefined && event.type === 'EntityClosed' ? { ...row, in_force: false } : row
}

const partyRow: Change<NoticePartyRow> = (row, applied) =>
  applied.at.stream.startsWith('entity-') ? entityRow(row, applied) : mandateRow(row, applied)

const recoveryRow: Change<NoticeRecoveryRow> = (row, { event, at }) => {
  const { type, data } = event as RecoveryEvent
  if (type === 'RecoveryRequested')
    return { recovery: idOf(at.stream), serial: data.serial, delivered_rank: null }
  return row !== undefined && type === 'RecoveryDelivered' ? { ...row, delivered_rank: at.rank } : row
}

type Kept<T extends keyof Tables> = Readonly<{
  table: T
  key: keyof Tables[T] & string
  keyOf: (stream: string) => string
  change: Change<Tables[T]>
}>

const keep = async <T extends keyof Tables>(
  tx: Transaction<Database>,
  batch: readonly Applied[],
  { table, key, keyOf, change }: Kept<T>,
): Promise<void> => {
  if (batch.length === 0) return
  const keys = [...new Set(batch.map(({ at }) => keyOf(at.stream)))]
  const { rows: before } = await sql<Tables[T]>`
    select * from ${sql.table(table)} where ${isAnyOf(key, keys)}`.execute(tx)
  const rows = new Map(before.map((row) => [row[key] as string, row]))
  for (const applied of batch) {
    const name = keyOf(applied.at.stream)
    const row = change(rows.get(name), applied)
    if (row !== undefined) rows.set(name, row)
  }
  await upsertRows(tx, table, [key], [...rows.values()])
}

/** Takes the events of requests, mandates, entities and recoveries. */
export const applyParties = async (tx: Transaction<Database>, batch: readonly Applied[]): Promise<void> => {
  const of = (...prefixes: readonly string[]): readonly Applied[] =>
    batch.filter(({ at }) => prefixes.some((prefix) => at.stream.startsWith(prefix)))
  await keep(tx, of('request-'), {
    ...{ table: 'notice_request', key: 'request', keyOf: idOf },
    change: requestRow,
  })
  await keep(tx, of('appointment-', 'entity-'), {
    ...{ table: 'notice_party', key: 'stream', keyOf: (stream) => stream },
    change: partyRow,
  })
  await keep(tx, of('recovery-'), {
    ...{ table: 'notice_recovery', key: 'recovery', keyOf: idOf },
    change: recoveryRow,
  })
}
