// Renewals: one row a request that follows a certificate (events.md section 5). Nothing in it is sealed in the ledger.
import type { RequestEvent } from '../domain/request.ts'
import type { RenewalRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

const statuses: Readonly<Partial<Record<RequestEvent['type'], RenewalRow['status']>>> = {
  RequestValidated: 'validated',
  CardHandedOver: 'fulfilled',
  RequestRejected: 'rejected',
  RequestClosed: 'closed',
}

/** What an event makes of a request's row; undefined for a request that is no renewal. */
const evolve = (row: RenewalRow | undefined, { event, at }: Applied): RenewalRow | undefined => {
  const { type, data } = event as RequestEvent
  if (type === 'CertificateRequested')
    return data.kind === 'renewal' && data.previous !== undefined
      ? { request: idOf(at.stream), previous: data.previous, rank: at.rank, status: 'open', alone: false }
      : undefined
  if (row === undefined) return undefined
  if (type === 'IdentityVerified') return { ...row, alone: data.method === 'authCertificate' }
  const status = statuses[type]
  return status === undefined ? row : { ...row, status }
}

export const renewals: Projection = {
  name: 'renewals',
  version: 1,
  streams: ['request-'],
  tables: ['renewal'],
  apply: async (tx, batch) => {
    const requests = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx.selectFrom('renewal').selectAll().where(isAnyOf('request', requests)).execute()
    const rows = new Map(before.map((row) => [row.request, row]))
    for (const applied of batch) {
      const request = idOf(applied.at.stream)
      const row = evolve(rows.get(request), applied)
      if (row !== undefined) rows.set(request, row)
    }
    await upsertRows(tx, 'renewal', ['request'], [...rows.values()])
  },
}
