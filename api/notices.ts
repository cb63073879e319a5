// CGU-19, CGU-54, CGU-77 to CGU-84: who has been told what, and who has not; and which conditions of use bind a holder (CGU-20).
import { Type } from 'typebox'
import { certificate } from '../domain/certificate.ts'
import { noticeKind, role } from '../domain/lists.ts'
import { notice } from '../domain/notice.ts'
import { request as requestFile } from '../domain/request.ts'
import { acceptancesOf, findNotices, noticesOfCertificate, type Told } from '../readmodels/notices.ts'
import type { CguAcceptanceRow } from '../readmodels/schema.ts'
import { noticeCommandRoutes } from './noticeCommands.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { Problem } from './problems.ts'
import { notFound, officers, tag } from './readers.ts'
import { readRoute, type Api } from './routes.ts'
import { byId, bySerial, code, h, id, n, orNull, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const delivery = Type.Enum(['planned', 'deferred', 'sent', 'failed', 'undelivered', 'waived'])

/** What the mail server said last, as RFC 3463 numbers it; null: nothing but yes. */
const attempts = { attempts: n, fault: orNull(code) }

const toldAnswer = Type.Object({
  notice: id,
  place: n,
  kind: noticeKind,
  milestone: code,
  stream: Type.String(),
  role,
  delivery,
  ...attempts,
  attemptedAt: orNull(t),
  effectiveAt: orNull(t),
  sentAt: orNull(t),
  rank: n,
})

const toldBody = (row: Told) => ({
  ...{ notice: row.notice, place: row.place, kind: row.kind, milestone: row.milestone, stream: row.stream },
  ...{ role: row.role, delivery: row.delivery, effectiveAt: row.effective_at },
  ...{ attempts: row.attempts, fault: row.fault, attemptedAt: row.attempted_at },
  ...{ sentAt: row.sent_at, rank: row.rank },
})

const noticeAnswer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['planned', 'sent', 'waived']),
  kind: noticeKind,
  milestone: code,
  templateSha256: h,
  effectiveAt: orNull(t),
  sentAt: orNull(t),
  recipients: Type.Array(Type.Object({ stream: Type.String(), role, delivery, ...attempts })),
})

const bindingAnswer = Type.Object({
  version: code,
  by: orNull(
    Type.Enum(['accepted', 'deemed'], {
      description: 'How the version binds the holder; null: he has been told of it, and has not acted since.',
    }),
  ),
  acceptedAt: orNull(t),
  acceptedRank: orNull(n),
  means: orNull(Type.String()),
  notice: orNull(id),
  notifiedAt: orNull(t),
  notifiedRank: orNull(n),
  deemedAt: orNull(t),
  deemedRank: orNull(n),
  deemedStream: orNull(Type.String()),
  deemedType: orNull(Type.String()),
})

const bindingBody = (row: CguAcceptanceRow) => ({
  version: row.version,
  by: row.accepted_rank !== null ? 'accepted' : row.deemed_rank !== null ? 'deemed' : null,
  ...{ acceptedAt: row.accepted_at, acceptedRank: row.accepted_rank, means: row.means },
  ...{ notice: row.notice, notifiedAt: row.notified_at, notifiedRank: row.notified_rank },
  ...{ deemedAt: row.deemed_at, deemedRank: row.deemed_rank },
  ...{ deemedStream: row.deemed_stream, deemedType: row.deemed_type },
})

/** The newest version that binds: by the rank of what proves it. */
const bindingOf = (rows: readonly CguAcceptanceRow[]): string | null => {
  const proofOf = (row: CguAcceptanceRow): number => row.accepted_rank ?? row.deemed_rank ?? -1
  const newest = [...rows].sort((a, b) => proofOf(a) - proofOf(b)).at(-1)
  return newest !== undefined && proofOf(newest) >= 0 ? newest.version : null
}

/** A mailing has fewer places than this (domain/notice.ts): rank and place make one number, which falls from row to row. */
const perRank = 1000
const cursorOf = ({ planned_rank: rank, place }: Told): number => rank * perRank + (perRank - 1 - place)
const placeOf = (cursor: number) => ({
  rank: Math.floor(cursor / perRank),
  place: perRank - 1 - (cursor % perRank),
})

const listRoute = (api: Api): void =>
  readRoute(api, {
    url: '/notices',
    summary: 'Who has been told what, newest first',
    description: '`untold`: only who is still to be told, was put off, has no address, or did not get it.',
    tag: 'notices',
    clauses: ['CGU-19', 'CGU-54', 'CGU-77', 'CGU-84'],
    query: {
      ...pageQuery,
      stream: Type.Optional(Type.String({ pattern: '^[a-z]+-[A-Za-z0-9-]{1,128}$' })),
      untold: Type.Optional(Type.Literal('true')),
    },
    answer: Type.Object({ notices: Type.Array(toldAnswer) }),
    read: async ({ request, reply, query }) => {
      await api.who.actor(request, [...officers, 'supportAgent'], { command: 'notices' })
      const [limit, before] = [limitOf(query), rankOf(query)]
      const rows = await findNotices(api.services.db, {
        ...(query.stream === undefined ? {} : { stream: query.stream }),
        ...(query.untold === undefined ? {} : { untold: true }),
        ...(before === undefined ? {} : { before: placeOf(before) }),
        limit: limit + 1,
      })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, cursorOf(last))
      return { notices: page.map(toldBody) }
    },
  })

const oneRoute = (api: Api): void =>
  readRoute(api, {
    url: '/notices/:id',
    summary: 'A notice and what has become of each recipient',
    tag: 'notices',
    clauses: ['CGU-19', 'CGU-77', 'CGU-79'],
    params: byId,
    answer: noticeAnswer,
    actionsOf: { kind: 'notice', id: ({ id: one }) => one },
    read: async ({ request, reply, params }) => {
      const stream = `notice-${params.id}`
      await api.who.actor(request, [...officers, 'supportAgent'], { command: 'notice', stream })
      const { state, revision } = await api.services.load(notice, params.id)
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      return {
        ...{ ...state, id: params.id, stream, revision },
        ...{ effectiveAt: state.effectiveAt ?? null, sentAt: state.sentAt ?? null },
        recipients: state.recipients.map((one) => ({ ...one, fault: one.fault ?? null })),
      }
    },
  })

const proofRoutes = (api: Api): void => {
  const { db, load } = api.services
  const subjectOf = async (requestId: string) => {
    const { state } = await load(requestFile, requestId)
    return state.status === 'unknown' ? undefined : { person: state.person, entity: state.identity?.entity }
  }
  readRoute(api, {
    url: '/certificates/:serial/notices',
    summary: 'What its holder, and others, have been told about a certificate',
    tag: 'notices',
    clauses: ['CGU-19', 'CGU-54', 'CGU-77', 'CGU-78', 'CGU-79'],
    params: bySerial,
    answer: Type.Object({ notices: Type.Array(toldAnswer) }),
    read: async ({ request, params }) => {
      const serial = serialFrom(params.serial)
      const { state } = await load(certificate, serial)
      const requestId = 'request' in state ? state.request : undefined
      const subject = requestId === undefined ? undefined : await subjectOf(requestId)
      const stream = `certificate-${serial}`
      await api.readers.reader(request, subject ?? {}, { screen: 'certificateNotices', stream })
      if (requestId === undefined)
        throw new Problem('CERTIFICATE_UNKNOWN', { clause: 'CGU-73', detail: 'serial' })
      return { notices: (await noticesOfCertificate(db, { serial, request: requestId })).map(toldBody) }
    },
  })
  readRoute(api, {
    url: '/requests/:id/cgu',
    summary: 'Which version of the conditions of use binds the holder, and by what proof',
    tag: 'notices',
    clauses: ['CGU-16', 'CGU-17', 'CGU-19', 'CGU-20'],
    params: byId,
    answer: Type.Object({ id, binding: orNull(code), versions: Type.Array(bindingAnswer) }),
    read: async ({ request, params }) => {
      const subject = await subjectOf(params.id)
      await api.readers.reader(request, subject ?? {}, {
        screen: 'cguAcceptance',
        stream: `request-${params.id}`,
      })
      if (subject === undefined) return notFound()
      const rows = await acceptancesOf(db, params.id)
      return { id: params.id, binding: bindingOf(rows), versions: rows.map(bindingBody) }
    },
  })
}

export const noticeRoutes = (api: Api): void => {
  noticeCommandRoutes(api)
  listRoute(api)
  oneRoute(api)
  proofRoutes(api)
}
