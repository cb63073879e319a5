// Which version of the conditions of use binds a holder, and by what proof. CGU-20: « Toute utilisation du certificat après les
// modifications ou la mise à jour des CGU vaut acceptation des nouvelles CGU par le porteur. » Use of a key is not seen; what is
// seen is an act of the holder, signed in, in the streams of his requests, cards and certificates after his notice was sent.
// It is no event: it follows from those that there are (events.md section 4, P7).
import type { Transaction } from 'kysely'
import type { Event } from '../domain/kernel.ts'
import type { NoticeEvent } from '../domain/notice.ts'
import type { RequestEvent } from '../domain/request.ts'
import type { CguAcceptanceRow, Database, NoticeRecipientRow } from '../readmodels/schema.ts'
import { byNotice } from './noticeRows.ts'
import { idOf, type Applied } from './projection.ts'
import { insertRows, isAnyOf, upsertRows } from './rows.ts'

const subjects = ['request-', 'card-', 'certificate-']
/** The events that say whose a stream is. */
const beginnings = new Set(['CertificateRequested', 'CardAllotted', 'CertificatePlanned'])

const isSubject = ({ at }: Applied): boolean => subjects.some((prefix) => at.stream.startsWith(prefix))
const personOf = ({ data }: Event): string | undefined => (data as { person?: string }).person

/** An act of the holder himself, who was signed in. */
const isOwnAct = ({ at: { env } }: Applied): boolean =>
  env.role === 'holder' && env.auth !== 'paper' && env.auth !== 'none'

/** Whose the streams are: as recorded, and as this batch begins them. */
const ownersOf = async (
  tx: Transaction<Database>,
  batch: readonly Applied[],
  streams: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const known = await tx.selectFrom('cgu_stream').selectAll().where(isAnyOf('stream', streams)).execute()
  const owners = new Map(known.map(({ stream, person }) => [stream, person]))
  const begun = new Map<string, string>()
  for (const { event, at } of batch) {
    const person = beginnings.has(event.type) ? personOf(event) : undefined
    if (person !== undefined && !owners.has(at.stream)) begun.set(at.stream, person)
  }
  await insertRows(
    tx,
    'cgu_stream',
    [...begun].map(([stream, person]) => ({ stream, person })),
  )
  return new Map([...owners, ...begun])
}

/** What puts a notice on its way: at once, or after the mail server had put it off. */
const tells = new Set(['NoticeSent', 'NoticeRelayed'])

/** Whether a recipient was told by this event. */
const isTold = ({ type, data }: NoticeEvent, place: number): boolean => {
  if (type === 'NoticeRelayed') return data.recipientIndexes.includes(place)
  if (type !== 'NoticeSent') return false
  return !data.failedIndexes.includes(place) && data.deferredIndexes?.includes(place) !== true
}

/** Recipients of the notices about a new version that were sent in this batch. */
const toldIn = async (tx: Transaction<Database>, batch: readonly Applied[]) => {
  const sent = batch.filter(({ event }) => tells.has(event.type)).map(({ at }) => idOf(at.stream))
  if (sent.length === 0) return byNotice([])
  const rows = await tx
    .selectFrom('notice_recipient')
    .selectAll()
    .where(isAnyOf('notice', sent))
    .where('kind', '=', 'cguUpdate')
    .where('role', '=', 'holder')
    .execute()
  return byNotice(rows)
}

/** When the version that a notice is about comes into force. */
type InForceSince = ReadonlyMap<string, string | null>

const inForceSince = async (
  tx: Transaction<Database>,
  rows: readonly CguAcceptanceRow[],
  told: ReadonlyMap<string, readonly NoticeRecipientRow[]>,
): Promise<InForceSince> => {
  const ids = [...new Set([...rows.flatMap(({ notice }) => notice ?? []), ...told.keys()])]
  if (ids.length === 0) return new Map()
  const notices = await tx
    .selectFrom('notice')
    .select(['notice', 'effective_at'])
    .where(isAnyOf('notice', ids))
    .execute()
  return new Map(notices.map(({ notice, effective_at }) => [notice, effective_at]))
}

type Book = Readonly<{
  of: (person: string) => readonly CguAcceptanceRow[]
  put: (row: CguAcceptanceRow) => void
  row: (request: string, version: string, person: string) => CguAcceptanceRow
  changed: () => readonly CguAcceptanceRow[]
}>

const openBook = (before: readonly CguAcceptanceRow[]): Book => {
  const keyOf = ({ request, version }: CguAcceptanceRow): string => `${request} ${version}`
  const rows = new Map(before.map((row) => [keyOf(row), row]))
  const byPerson = new Map<string, Set<string>>()
  const note = (row: CguAcceptanceRow): void => {
    byPerson.set(row.person, (byPerson.get(row.person) ?? new Set<string>()).add(keyOf(row)))
  }
  before.forEach(note)
  const changed = new Map<string, CguAcceptanceRow>()
  return {
    of: (person) => [...(byPerson.get(person) ?? [])].flatMap((key) => rows.get(key) ?? []),
    put: (row) => {
      rows.set(keyOf(row), row)
      note(row)
      changed.set(keyOf(row), row)
    },
    row: (request, version, person) =>
      rows.get(`${request} ${version}`) ?? {
        ...{ request, version, person, means: null, accepted_at: null, accepted_rank: null },
        ...{ notice: null, notified_at: null, notified_rank: null },
        ...{ deemed_at: null, deemed_rank: null, deemed_stream: null, deemed_type: null },
      },
    changed: () => [...changed.values()],
  }
}

const accepted = (book: Book, { event, at }: Applied, person: string): void => {
  const it = event as RequestEvent
  if (it.type !== 'CguAccepted') return
  const row = book.row(idOf(at.stream), it.data.cguVersion, person)
  if (row.accepted_rank !== null) return
  const accepted_at = at.env.occurredAt
  book.put({ ...row, means: it.data.means, accepted_at, accepted_rank: at.rank })
}

/** Whether the holder was told of it, and nothing that he has done since has bound him. */
const isOpen = (row: CguAcceptanceRow): boolean =>
  row.notified_rank !== null && row.accepted_rank === null && row.deemed_rank === null

/**
 * The first act after the notice, once the version is in force (« après les modifications »): acceptance of what the holder was
 * told of, unless he has accepted it in so many words.
 */
const acted = (book: Book, { event, at }: Applied, person: string, since: InForceSince): void => {
  for (const row of book.of(person)) {
    const from = row.notice === null ? null : (since.get(row.notice) ?? null)
    if (!isOpen(row) || (from !== null && at.env.occurredAt < from)) continue
    book.put({
      ...row,
      ...{ deemed_at: at.env.occurredAt, deemed_rank: at.rank },
      ...{ deemed_stream: at.stream, deemed_type: event.type },
    })
  }
}

const told = (
  book: Book,
  { event, at }: Applied,
  recipients: readonly NoticeRecipientRow[],
  owners: ReadonlyMap<string, string>,
): void => {
  const it = event as NoticeEvent
  if (it.type !== 'NoticeSent' && it.type !== 'NoticeRelayed') return
  const { sentAt } = it.data
  for (const { notice, place, milestone, stream } of recipients) {
    const person = owners.get(stream)
    if (person === undefined || !isTold(it, place)) continue
    const row = book.row(idOf(stream), milestone, person)
    if (row.notified_rank !== null) continue
    book.put({ ...row, notice, notified_at: sentAt, notified_rank: at.rank })
  }
}

/** Takes what binds holders. After the notices of the same batch have been written. */
export const applyAcceptance = async (
  tx: Transaction<Database>,
  batch: readonly Applied[],
): Promise<void> => {
  const recipients = await toldIn(tx, batch)
  const streams = new Set(batch.filter(isSubject).map(({ at }) => at.stream))
  for (const { stream } of [...recipients.values()].flat()) streams.add(stream)
  if (streams.size === 0) return
  const owners = await ownersOf(tx, batch, [...streams])
  const acting = batch.filter((one) => isOwnAct(one) || one.event.type === 'CguAccepted')
  const concerned = [
    ...acting.map(({ at }) => at.stream),
    ...[...recipients.values()].flat().map((one) => one.stream),
  ]
  const persons = [...new Set(concerned.flatMap((stream) => owners.get(stream) ?? []))]
  if (persons.length === 0) return
  const before = await tx.selectFrom('cgu_acceptance').selectAll().where(isAnyOf('person', persons)).execute()
  const since = await inForceSince(tx, before, recipients)
  const book = openBook(before)
  for (const applied of batch) {
    const person = owners.get(applied.at.stream)
    if (tells.has(applied.event.type))
      told(book, applied, recipients.get(idOf(applied.at.stream)) ?? [], owners)
    if (person === undefined) continue
    accepted(book, applied, person)
    if (isOwnAct(applied)) acted(book, applied, person, since)
  }
  await upsertRows(tx, 'cgu_acceptance', ['request', 'version'], book.changed())
}
