// CGU-91: certificates of authorities that their root revokes, from the plan of it on: the next list of the root has them.
import type { AuthorityEvent } from '../domain/authority.ts'
import type { CrlEntryRow } from '../readmodels/schema.ts'
import type { Applied, Projection } from './projection.ts'
import { upsertRows } from './rows.ts'

export const caRevocationOf = (event: AuthorityEvent, rank: number): CrlEntryRow | undefined =>
  event.type === 'CaRevocationPlanned'
    ? { issuer: event.data.root, serial: event.data.serial, revoked_at: event.data.revokedAt, rank }
    : undefined

const rowsOf = ({ event, at }: Applied): readonly CrlEntryRow[] => {
  const row = caRevocationOf(event as AuthorityEvent, at.rank)
  return row === undefined ? [] : [row]
}

export const caRevocations: Projection = {
  name: 'caRevocations',
  version: 1,
  streams: ['authority-'],
  tables: ['ca_revocation'],
  apply: (tx, batch) => upsertRows(tx, 'ca_revocation', ['issuer', 'serial'], batch.flatMap(rowsOf)),
}
