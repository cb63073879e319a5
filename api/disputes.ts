// CGU-119: « En cas de litige le porteur prend attache avec le service d'assistance aux utilisateurs de son entité ».
// CGU-120: « Cette action est tracée dans un outil permettant de suivre le traitement. »
import { Type } from 'typebox'
import { closeDispute, openDispute } from '../commands/disputes.ts'
import { dispute, type DisputeFile } from '../domain/dispute.ts'
import { disputeChannel, disputeOutcome, type Role } from '../domain/lists.ts'
import { findDisputes } from '../readmodels/disputes.ts'
import type { DisputeRow } from '../readmodels/schema.ts'
import { accountOf } from './auth.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, id, note, orNull, sn, t } from './schemas.ts'

const optional = Type.Optional

const opening = closed(
  {
    holder: id,
    channel: disputeChannel,
    serial: optional(sn),
    tool: Type.String({ ...code, description: 'The tool in which it is followed.' }),
    ticket: Type.String({ ...note, description: 'Its reference there.' }),
  },
  {
    examples: [
      {
        holder: '0f53c5e5-6f22-4671-aa3a-456c88480e51',
        ...{ channel: 'phone', serial: '4f0123456789abcdef0123456789abcd' },
        ...{ tool: 'assistance', ticket: 'TK-2026-0017' },
      },
    ],
  },
)
const closing = closed(
  { outcome: disputeOutcome, note: optional(note) },
  { examples: [{ outcome: 'settled', note: 'carte remplacée' }] },
)

const status = Type.Enum(['open', 'closed'])
const fields = {
  id,
  status,
  channel: disputeChannel,
  serial: orNull(sn),
  tool: code,
  outcome: orNull(disputeOutcome),
}
const listed = Type.Object({ ...fields, openedAt: t, closedAt: orNull(t) })

const bodyOf = (row: DisputeRow) => ({
  ...{ id: row.dispute, status: row.status, channel: row.channel, serial: row.serial, tool: row.tool },
  ...{ openedAt: row.opened_at, outcome: row.outcome, closedAt: row.closed_at },
})

const fileBody = ({ status: state, channel, tool, serial, outcome, holder, ticket }: DisputeFile) => ({
  ...{ status: state, channel, tool, serial: serial ?? null, outcome: outcome ?? null },
  ...{ holder: holder ?? null, ticket: ticket ?? null },
})

const followers = ['supportAgent', 'supervisor'] as const satisfies readonly Role[]

export const disputeRoutes = (api: Api): void => {
  const { services, who, journal } = api
  const about = { tag: 'disputes', clauses: ['CGU-119', 'CGU-120'] } as const

  commandRoute(api, {
    ...about,
    url: '/disputes',
    summary: 'Open a dispute that a holder brings to the support of his entity',
    body: opening,
    created: true,
    decider: openDispute,
    data: ({ body, act }) => ({ dispute: act.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/disputes/:id/closing',
    summary: 'Close the dispute with its outcome',
    params: byId,
    body: closing,
    decider: closeDispute,
    data: ({ params, body }) => ({ dispute: params.id, ...body }),
    trial: { on: 'dispute', data: (one) => ({ dispute: one, outcome: 'settled' as const }) },
  })
  readRoute(api, {
    ...about,
    url: '/disputes',
    summary: 'Disputes as they were opened, without whose they are',
    query: { ...pageQuery, status: optional(status) },
    answer: Type.Object({ disputes: Type.Array(listed) }),
    read: async ({ request, reply, query }) => {
      await who.actor(request, followers, { command: 'disputes' })
      const after = rankOf(query)
      const limit = limitOf(query)
      const rows = await findDisputes(services.db, {
        ...(after === undefined ? {} : { after }),
        ...(query.status === undefined ? {} : { status: query.status as DisputeRow['status'] }),
        limit,
      })
      const last = rows.at(-1)
      if (last !== undefined && rows.length === limit) linkNext(request, reply, last.rank)
      return { disputes: rows.map(bodyOf) }
    },
  })
  readRoute(api, {
    ...about,
    url: '/disputes/:id',
    summary: 'A dispute',
    params: byId,
    actionsOf: { kind: 'dispute', id: ({ id: one }) => one },
    answer: Type.Object({
      ...{ ...fields, stream: Type.String(), revision: Type.Integer() },
      ...{ holder: orNull(id), ticket: orNull(Type.String()) },
    }),
    read: async ({ request, reply, params }) => {
      const stream = `dispute-${params.id}`
      const { state, revision } = await services.load(dispute, params.id)
      const known = state.status === 'unknown' ? undefined : state
      const own = known?.holder !== undefined && known.holder === accountOf(request).person
      const among: readonly Role[] = own ? [...followers, 'holder'] : followers
      const actor = await who.actor(request, among, { command: 'dispute', stream })
      if (known === undefined) return notFound()
      if (actor.role !== 'holder') await journal.consultation(actor, { screen: 'dispute', streams: [stream] })
      tag(reply, revision)
      return { id: params.id, stream, revision, ...fileBody(known) }
    },
  })
}
