// Requests as a work queue: where each stands, from public fields alone. Whom they are about stays sealed in the ledger.
import { unreachable } from '../domain/kernel.ts'
import { asksForVerification, type RequestEvent } from '../domain/request.ts'
import type { RequestRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Requested = Extract<RequestEvent, { type: 'CertificateRequested' }>['data']

const begun = (data: Requested, { stream, rank, env }: Recorded): RequestRow => ({
  rank,
  request: idOf(stream),
  person: data.person,
  status: 'open',
  kind: data.kind,
  path: data.path,
  ra: data.ra,
  holder_kind: data.holderKind,
  card_kind: data.cardKind,
  requested_at: env.occurredAt,
  returned: false,
  lapses_on: null,
  ended_at: null,
})

const corrected = (row: RequestRow, fields: readonly string[]): RequestRow => {
  const isUnderWay = row.status === 'open' || row.status === 'validated'
  return isUnderWay && asksForVerification(fields) ? { ...row, status: 'open', lapses_on: null } : row
}

const evolve = (row: RequestRow | undefined, { event, at }: Applied): RequestRow => {
  const { type, data } = event as RequestEvent
  if (type === 'CertificateRequested') return begun(data, at)
  if (row === undefined) throw new Error(`${type} before CertificateRequested`)
  const ended = { ended_at: at.env.occurredAt }
  switch (type) {
    case 'RequestReturned':
      return { ...row, returned: true }
    case 'DossierCompleted':
      return { ...row, returned: false }
    case 'RequestValidated':
      return { ...row, status: 'validated', returned: false, lapses_on: data.lapsesOn }
    case 'RegistrationCorrected':
      return corrected(row, data.fields)
    case 'SessionOpened':
      return { ...row, status: 'inSession' }
    case 'SessionClosed':
      return { ...row, status: 'validated' }
    case 'CardHandedOver':
      return { ...row, ...ended, status: 'fulfilled' }
    case 'RequestRejected':
      return { ...row, ...ended, status: 'rejected' }
    case 'RequestClosed':
      return { ...row, ...ended, status: 'closed' }
    case 'CguAccepted':
    case 'IdentityVerified':
      return row
    default:
      return unreachable(type)
  }
}

export const requests: Projection = {
  name: 'requests',
  version: 1,
  streams: ['request-'],
  tables: ['request'],
  apply: async (tx, batch) => {
    const ids = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx.selectFrom('request').selectAll().where(isAnyOf('request', ids)).execute()
    const rows = new Map(before.map((row) => [row.request, row]))
    for (const applied of batch) {
      const id = idOf(applied.at.stream)
      rows.set(id, evolve(rows.get(id), applied))
    }
    await upsertRows(tx, 'request', ['rank'], [...rows.values()])
  },
}
