// CGU-123: « L’AC s’engage à effectuer ce contrôle au minimum une fois tous les deux ans »: what is due, and by when.
import { Type } from 'typebox'
import { componentKind } from '../domain/lists.ts'
import { dayOf, monthsAfter } from '../domain/policy/dates.ts'
import { controlsDue } from '../readmodels/components.ts'
import { keepers } from './components.ts'
import { readRoute, type Api } from './routes.ts'
import { d, id, orNull } from './schemas.ts'

const due = Type.Object({
  ...{ component: id, kind: componentKind, scope: Type.Enum(['policy', 'confirmation']) },
  ...{ lastOn: orNull(d), dueOn: d, overdue: Type.Boolean() },
  ordered: orNull(id),
})

export const controlRoutes = (api: Api): void => {
  const { db, now, policy } = api.services
  readRoute(api, {
    url: '/controls/due',
    summary: 'Controls that are due, the most urgent first: by the policy, and confirmations',
    description: 'Ordered from here with `POST /components/{id}/controls` and the `scope` shown.',
    tag: 'components',
    clauses: ['CGU-123'],
    query: {
      by: Type.Optional(Type.String({ ...d, description: 'Due by this day; in six months by default.' })),
    },
    answer: Type.Object({ due: Type.Array(due) }),
    read: async ({ request, query }) => {
      await api.who.actor(request, keepers, { command: 'controlsDue' })
      const today = dayOf(now())
      const rows = await controlsDue(db, {
        by: query.by ?? monthsAfter(today, 6),
        everyMonths: policy.control.everyMonths,
      })
      return { due: rows.map((row) => ({ ...row, overdue: row.dueOn < today })) }
    },
  })
}
