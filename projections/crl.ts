// CRLs by number: the plan that determines the content, and the signature that goes with it. Never the bytes.
import type { CrlEvent } from '../domain/crl.ts'
import { unreachable } from '../domain/kernel.ts'
import type { CrlRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection, type Recorded } from './projection.ts'
import { isAnyOf, upsertRows } from './rows.ts'

type Planned = Extract<CrlEvent, { type: 'CrlPlanned' }>['data']

const planned = (stream: string, data: Planned, { rank }: Recorded): CrlRow => {
  const [issuer, number] = parts(stream)
  return {
    issuer,
    number,
    status: 'planned',
    this_update: data.thisUpdate,
    next_update: data.nextUpdate,
    up_to: data.upTo,
    entries: data.entries,
    previous_sha256: data.previousSha256 ?? null,
    last: data.last,
    profile_version: data.profileVersion,
    planned_rank: rank,
    tbs_sha256: null,
    signature_algorithm: null,
    signature: null,
    sha256: null,
    bytes: null,
    status_table_sha256: null,
    issued_at: null,
    issued_rank: null,
  }
}

/** `crl-<issuer>-<number>`. */
const parts = (stream: string): readonly [issuer: string, number: number] => {
  const id = idOf(stream)
  const cut = id.lastIndexOf('-')
  const number = Number(id.slice(cut + 1))
  if (cut < 1 || !Number.isSafeInteger(number)) throw new Error(`${stream} does not name a CRL number`)
  return [id.slice(0, cut), number]
}

const evolve = (row: CrlRow | undefined, { event, at }: Applied): CrlRow => {
  const { type, data } = event as CrlEvent
  if (type === 'CrlPlanned') return planned(at.stream, data, at)
  if (row === undefined) throw new Error(`${type} before CrlPlanned`)
  switch (type) {
    case 'CrlIssued':
      return {
        ...row,
        status: 'issued',
        tbs_sha256: data.tbsSha256,
        signature_algorithm: data.signatureAlgorithm,
        signature: data.signature,
        sha256: data.sha256,
        bytes: data.bytes,
        status_table_sha256: data.statusTableSha256,
        issued_at: at.env.occurredAt,
        issued_rank: at.rank,
      }
    case 'CrlPlanRejected':
      return { ...row, status: 'rejected' }
    case 'CrlPublished':
      // Where it was seen is in the ledger alone: what the list says does not depend on it.
      return row
    default:
      return unreachable(type)
  }
}

export const crl: Projection = {
  name: 'crl',
  version: 1,
  streams: ['crl-'],
  tables: ['crl'],
  apply: async (tx, batch) => {
    const issuers = [...new Set(batch.map(({ at }) => parts(at.stream)[0]))]
    const numbers = [...new Set(batch.map(({ at }) => parts(at.stream)[1]))]
    const before = await tx
      .selectFrom('crl')
      .selectAll()
      .where(isAnyOf('issuer', issuers))
      .where('number', 'in', numbers)
      .execute()
    const rows = new Map(before.map((row) => [`crl-${row.issuer}-${row.number}`, row]))
    for (const applied of batch) rows.set(applied.at.stream, evolve(rows.get(applied.at.stream), applied))
    await upsertRows(tx, 'crl', ['issuer', 'number'], [...rows.values()])
  },
}
