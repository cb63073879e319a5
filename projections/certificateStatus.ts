// The status table: one row a certificate, from its plan on. CRL entries and OCSP answers are views of it.
import { unreachable, type Event } from '../domain/kernel.ts'
import type { CertificateEvent } from '../domain/certificate.ts'
import type { StatusRow } from '../readmodels/schema.ts'
import { idOf, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Planned = Extract<CertificateEvent, { type: 'CertificatePlanned' }>['data']

const planned = (serial: string, data: Planned, { rank, env }: Recorded): StatusRow => ({
  issuer: data.issuer,
  serial,
  profile: data.profile,
  status: 'planned',
  request: data.request ?? null,
  person: data.person ?? null,
  spki_sha256: data.spkiSha256,
  cert_sha256: null,
  not_before: data.notBefore,
  not_after: data.notAfter,
  planned_at: env.occurredAt,
  planned_rank: rank,
  issued_at: null,
  issued_rank: null,
  accepted_at: null,
  accepted_rank: null,
  refused_at: null,
  refused_rank: null,
  abandoned_at: null,
  abandoned_rank: null,
  maybe_signed: null,
  revoked_at: null,
  revoked_rank: null,
})

const changed = (
  { type, data }: Exclude<CertificateEvent, { type: 'CertificatePlanned' }>,
  { rank, env: { occurredAt } }: Recorded,
): Partial<StatusRow> => {
  switch (type) {
    case 'CertificateIssued':
      return { status: 'issued', issued_at: occurredAt, issued_rank: rank, cert_sha256: data.certSha256 }
    case 'CertificateAbandoned':
      return {
        status: 'abandoned',
        abandoned_at: occurredAt,
        abandoned_rank: rank,
        maybe_signed: data.maybeSigned,
      }
    case 'CertificateAccepted':
      return { status: 'accepted', accepted_at: occurredAt, accepted_rank: rank }
    case 'CertificateRefused':
      return { status: 'refused', refused_at: occurredAt, refused_rank: rank }
    case 'CertificateRevoked':
      return { status: 'revoked', revoked_at: data.revokedAt, revoked_rank: rank }
    case 'RevocationRequested':
    case 'RevocationRejected':
      return {}
    default:
      return unreachable(type)
  }
}

/** What an event of a certificate makes of its row. @throws Error on an event before the plan */
export const evolveStatus = (
  row: StatusRow | undefined,
  event: Event,
  at: Recorded,
): StatusRow | undefined => {
  const it = event as CertificateEvent
  if (it.type === 'CertificatePlanned') return planned(idOf(at.stream), it.data, at)
  if (row !== undefined) return { ...row, ...changed(it, at) }
  // A serial that is given up before its plan was never anybody's: it has no issuer, hence no place in the table.
  if (it.type === 'CertificateAbandoned') return undefined
  throw new Error(`${it.type} before CertificatePlanned`)
}

export const certificateStatus: Projection = {
  name: 'certificateStatus',
  version: 1,
  streams: ['certificate-'],
  tables: ['certificate_status'],
  apply: async (tx, batch) => {
    const serials = [...new Set(batch.map(({ at }) => idOf(at.stream)))]
    const before = await tx
      .selectFrom('certificate_status')
      .selectAll()
      .where(isAnyOf('serial', serials))
      .execute()
    const rows = new Map(before.map((row) => [row.serial, row]))
    for (const applied of batch) {
      const serial = idOf(applied.at.stream)
      const row = evolveStatus(rows.get(serial), applied.event, applied.at)
      if (row !== undefined) rows.set(serial, row)
    }
    await upsertRows(tx, 'certificate_status', ['issuer', 'serial'], [...rows.values()])
  },
}
