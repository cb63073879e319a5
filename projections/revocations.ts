// Requests for revocation: received, then carried out or rejected (CGU-75). A revoked certificate answers all that were open.
import type { CertificateEvent } from '../domain/certificate.ts'
import type { RevocationRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Rows = Map<string, RevocationRow>
type Data<T extends CertificateEvent['type']> = Extract<CertificateEvent, { type: T }>['data']

const requested = (data: Data<'RevocationRequested'>, { stream, rank, env }: Recorded): RevocationRow => ({
  revocation: data.revocation,
  serial: idOf(stream),
  channel: data.channel,
  requester_role: data.requesterRole,
  state: 'open',
  first_received_at: data.firstReceivedAt,
  requested_at: env.occurredAt,
  requested_rank: rank,
  decided_at: null,
  revoked_at: null,
  revoked_rank: null,
})

const revoked = (
  rows: Rows,
  { revokedAt }: Data<'CertificateRevoked'>,
  { stream, rank, env }: Recorded,
): void => {
  for (const row of rows.values()) {
    if (row.serial !== idOf(stream) || row.state !== 'open') continue
    const decided = { decided_at: env.occurredAt, revoked_at: revokedAt, revoked_rank: rank }
    rows.set(row.revocation, { ...row, state: 'revoked', ...decided })
  }
}

const evolve = (rows: Rows, { event, at }: Applied): void => {
  const { type, data } = event as CertificateEvent
  if (type === 'RevocationRequested') rows.set(data.revocation, requested(data, at))
  if (type === 'CertificateRevoked') revoked(rows, data, at)
  if (type !== 'RevocationRejected') return
  const row = rows.get(data.revocation)
  if (row === undefined) throw new Error('RevocationRejected before RevocationRequested')
  rows.set(row.revocation, { ...row, state: 'rejected', decided_at: at.env.occurredAt })
}

export const revocations: Projection = {
  name: 'revocations',
  version: 1,
  streams: ['certificate-'],
  tables: ['revocation'],
  apply: async (tx, batch) => {
    const serials = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx.selectFrom('revocation').selectAll().where(isAnyOf('serial', serials)).execute()
    const rows: Rows = new Map(before.map((row) => [row.revocation, row]))
    for (const applied of batch) evolve(rows, applied)
    await upsertRows(tx, 'revocation', ['revocation'], [...rows.values()])
  },
}
