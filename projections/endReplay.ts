// What the dry run of the end of life looks at, from the ledger alone: no database, no key. The same as the read models give
// (readmodels/endOfLife.ts, readmodels/terminationAudience.ts), for an auditor who has nothing but the ledger.
import { appointment } from '../domain/appointment.ts'
import { aggregateOf } from '../domain/aggregates.ts'
import { authority } from '../domain/authority.ts'
import type { CrlEvent } from '../domain/crl.ts'
import type { Env } from '../domain/event.ts'
import type { HoldEvent } from '../domain/hold.ts'
import type { Event } from '../domain/kernel.ts'
import { notice, type Notice, type NoticeEvent } from '../domain/notice.ts'
import { actsAt } from '../domain/policy/mandate.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'
import type { StatusRow } from '../readmodels/schema.ts'
import { evolveStatus } from './certificateStatus.ts'
import { idOf, type Recorded } from './projection.ts'

type Moment = Readonly<{ rank: number; at: string }>

/** What one pass over the ledger gathers. */
type Gathered = {
  size: number
  certificates: Map<string, StatusRow>
  /** By stream, the newest event of each type. */
  moments: Map<string, Map<string, Moment>>
  standing: Map<string, 'EntityVerified' | 'AppointmentAccepted'>
  /** Notices of the end, by their stream. */
  notices: Map<string, Notice>
  /** By stream: whether the list that was planned there is the last. */
  lists: Map<string, { last: boolean; issued: boolean }>
  /** Units of each hold in force, by its stream. */
  holds: Map<string, readonly string[]>
}

const followed = ['authority-', 'crl-', 'ocsp-', 'servicekey-', 'entity-', 'appointment-', 'notice-', 'hold-']

const gatherStanding = ({ standing }: Gathered, stream: string, type: string): void => {
  if (type === 'EntityVerified' || type === 'AppointmentAccepted') standing.set(stream, type)
  if (type === 'EntityClosed') standing.delete(stream)
}

const gatherNotice = ({ notices }: Gathered, stream: string, event: Event): void => {
  const it = event as NoticeEvent
  const before = notices.get(stream)
  if (before !== undefined) notices.set(stream, notice.evolve(before, it))
  else if (it.type === 'NoticePlanned' && it.data.kind === 'termination')
    notices.set(stream, notice.evolve(notice.initial, it))
}

const gatherList = ({ lists }: Gathered, stream: string, event: Event): void => {
  const { type, data } = event as CrlEvent
  if (type === 'CrlPlanned') lists.set(stream, { last: data.last, issued: false })
  const list = lists.get(stream)
  if (type === 'CrlIssued' && list !== undefined) lists.set(stream, { ...list, issued: true })
}

const gatherHold = ({ holds }: Gathered, stream: string, event: Event): void => {
  const { type, data } = event as HoldEvent
  if (type === 'HoldPlaced') holds.set(stream, data.units)
  else holds.delete(stream)
}

const gather = (found: Gathered, event: Event, at: Recorded): void => {
  const { stream, rank } = at
  if (stream.startsWith('certificate-')) {
    const row = evolveStatus(found.certificates.get(stream), event, at)
    if (row !== undefined) found.certificates.set(stream, row)
    return
  }
  const own = found.moments.get(stream) ?? new Map<string, Moment>()
  found.moments.set(stream, own.set(event.type, { rank, at: at.at }))
  gatherStanding(found, stream, event.type)
  if (stream.startsWith('crl-')) gatherList(found, stream, event)
  if (stream.startsWith('hold-')) gatherHold(found, stream, event)
  if (stream.startsWith('notice-')) gatherNotice(found, stream, event)
}

const gatherAll = async (entries: AsyncIterable<Entry>, publicPart: Ledger['publicPart']) => {
  const found: Gathered = {
    ...{ size: 0, certificates: new Map(), moments: new Map(), standing: new Map() },
    ...{ notices: new Map(), lists: new Map(), holds: new Map() },
  }
  for await (const entry of entries) {
    const { stream, revision, id, position, body } = entry
    const env = body.pub['env'] as unknown as Env
    const at: Recorded = { position, rank: found.size, stream, revision, id, at: body.at, env }
    if ([...followed, 'certificate-'].some((prefix) => stream.startsWith(prefix)))
      gather(found, aggregateOf(stream).decode(publicPart(entry)), at)
    found.size += 1
  }
  return found
}

/** The issuing authority that is installed there: the one that is not the root. */
const issuingAuthority = async ({ moments }: Gathered, { load }: Pick<Ledger, 'load'>) => {
  for (const stream of moments.keys())
    if (stream.startsWith('authority-')) {
      const { state } = await load(authority, idOf(stream))
      if (state.status !== 'unknown' && !state.root) return { issuer: idOf(stream), state }
    }
  return undefined
}

const isValid = (row: StatusRow, at: string): boolean =>
  row.issued_rank !== null && row.revoked_rank === null && row.not_after >= at

const countOf = (rows: readonly StatusRow[], upTo: number, at: string) => {
  const issued = rows.filter((row) => row.issued_rank !== null)
  const revoked = issued.filter((row) => row.revoked_rank !== null).length
  return {
    ...{ upTo, issued: issued.length, revoked },
    expired: issued.length - revoked - rows.filter((row) => isValid(row, at)).length,
    abandoned: rows.filter((row) => row.abandoned_rank !== null).length,
    planned: rows.filter((row) => row.status === 'planned').length,
  }
}

const isMandate = async ({ load }: Pick<Ledger, 'load'>, stream: string, at: string): Promise<boolean> => {
  const { state } = await load(appointment, idOf(stream))
  return actsAt(state, at) && state.role === 'mc'
}

/** Streams that a notice of the end has told, or an officer waived. */
const toldOf = ({ notices }: Gathered, issuer: string): ReadonlySet<string> => {
  const told = new Set<string>()
  for (const state of notices.values())
    if (state.status !== 'unknown' && state.milestone === issuer)
      for (const { stream, delivery } of state.recipients)
        if (delivery === 'sent' || delivery === 'waived') told.add(stream)
  return told
}

const audienceOf = async (
  found: Gathered,
  rows: readonly StatusRow[],
  { ledger, issuer, at }: Readonly<{ ledger: Ledger; issuer: string; at: string }>,
) => {
  const holders = rows.filter(
    (row) => row.profile === 'encryption' && row.issued_rank !== null && row.not_after >= at,
  )
  const [entities, mandates]: [string[], string[]] = [[], []]
  for (const [stream, type] of found.standing)
    if (type === 'EntityVerified') entities.push(stream)
    else if (await isMandate(ledger, stream, at)) mandates.push(stream)
  const told = toldOf(found, issuer)
  const streams = [...holders.map(({ request }) => `request-${request ?? ''}`), ...entities, ...mandates]
  const untold = streams.filter((stream) => !told.has(stream)).length
  return { holders: holders.length, mandates: mandates.length, entities: entities.length, untold }
}

const listNumber = ({ lists }: Gathered, issuer: string): number => {
  const numbers = [...lists]
    .filter(([stream, { issued }]) => stream.startsWith(`crl-${issuer}-`) && issued)
    .map(([stream, { last }]) => ({ number: Number(stream.slice(stream.lastIndexOf('-') + 1)), last }))
  const newest = numbers.reduce((one, other) => (other.number > one.number ? other : one), {
    number: 0,
    last: false,
  })
  return newest.last ? newest.number : newest.number + 1
}

/**
 * Reads what the dry run needs, at an instant.
 * @param entries the whole ledger, in its order
 * @returns undefined where no authority has been installed
 */
export const replayEnd = async (ledger: Ledger, entries: AsyncIterable<Entry>, at: string) => {
  const found = await gatherAll(entries, ledger.publicPart)
  const issuing = await issuingAuthority(found, ledger)
  if (issuing === undefined) return undefined
  const { issuer, state } = issuing
  const rows = [...found.certificates.values()].filter((row) => row.issuer === issuer)
  const crlNumber = listNumber(found, issuer)
  const keys = 'servicekey' in state ? [state.servicekey] : []
  const streams = [
    ...[`authority-${issuer}`, `crl-${issuer}-${crlNumber}`, `ocsp-${issuer}-final`],
    ...keys.map((servicekey) => `servicekey-${servicekey}`),
  ]
  const observed = {
    count: countOf(rows, found.size, at),
    audience: await audienceOf(found, rows, { ledger, issuer, at }),
    entries: rows.filter((row) => row.revoked_rank !== null || row.maybe_signed === true).length,
    crlNumber,
    held: [...found.holds.values()].flat().some((unit) => keys.some((key) => unit === `reg/${key}`)),
    moments: new Map(streams.flatMap((stream) => [...(found.moments.get(stream) ?? [])])),
  }
  return { issuer, observed }
}
