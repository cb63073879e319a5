// Requests for recovery as officers look for them. Who asks for whose key and why is only shown with the request itself.
import { Type } from 'typebox'
import { findRecoveries, type RecoveryFilter } from '../readmodels/recoveries.ts'
import type { RecoveryRow } from '../readmodels/schema.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { readRoute, type Api } from './routes.ts'
import { id, orNull, sn, t } from './schemas.ts'

const listed = Type.Object({
  id,
  serial: sn,
  status: Type.Enum(['requested', 'rejected', 'closed', 'delivered']),
  output: Type.String(),
  requestedAt: t,
  approvals: Type.Array(Type.Object({ expiresAt: t })),
  decidedAt: orNull(t),
})

const shownOf = (row: RecoveryRow) => ({
  id: row.recovery,
  serial: row.serial,
  status: row.status,
  output: row.output,
  requestedAt: row.requested_at,
  approvals: row.approval_ends.map((expiresAt) => ({ expiresAt })),
  decidedAt: row.decided_at,
})

export const recoveryListRoutes = (api: Api): void => {
  const { db, now, policy } = api.services
  readRoute(api, {
    url: '/recovery-requests',
    summary: 'Requests for recovery, newest first',
    description: '`approved`: by the quorum, at this instant.',
    tag: 'recovery-requests',
    clauses: ['CGU-46'],
    query: {
      status: Type.Optional(Type.Enum(['requested', 'approved', 'rejected', 'closed', 'delivered'])),
      ...pageQuery,
    },
    answer: Type.Object({ recoveries: Type.Array(listed) }),
    read: async ({ request, reply, query }) => {
      await api.readers.reader(request, {}, { screen: 'recoveries' })
      const limit = limitOf(query)
      const before = rankOf(query)
      const status = query.status as RecoveryFilter['status']
      const rows = await findRecoveries(db, {
        ...{ quorum: policy.escrow.recoveryQuorum, now: now(), limit: limit + 1 },
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { before }),
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.requested_rank)
      return { recoveries: shown.map(shownOf) }
    },
  })
}
