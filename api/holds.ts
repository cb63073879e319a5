// CGU-116: holds: what a court or the archives ask for is not destroyed at its term.
import { Type } from 'typebox'
import { liftHold, placeHold } from '../commands/holds.ts'
import { unit } from '../domain/fields.ts'
import { hold } from '../domain/hold.ts'
import { unknownAmong } from '../readmodels/retention.ts'
import { caughtUp, notFound, tag } from './readers.ts'
import { keepers } from './retention.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, id, note } from './schemas.ts'

const placing = closed(
  { units: Type.Array(unit, { minItems: 1, maxItems: 500, uniqueItems: true }), reference: note },
  {
    examples: [
      {
        units: ['reg/5d0f7c1e-0000-4000-8000-000000000010'],
        reference: 'réquisition du 3 mars 2026, n° 26/118',
      },
    ],
  },
)
const lifting = closed({ reference: note }, { examples: [{ reference: 'mainlevée du 4 mai 2027' }] })

export const holdRoutes = (api: Api): void => {
  const about = { tag: 'retention', clauses: ['CGU-48', 'CGU-116'] } as const

  commandRoute(api, {
    ...about,
    url: '/holds',
    summary: 'Put units on hold: they are not destroyed at their term',
    body: placing,
    created: true,
    decider: placeHold,
    data: async ({ body, act }) => {
      await caughtUp(api.services)
      return { hold: act.id, ...body, unknown: await unknownAmong(api.services.db, body.units) }
    },
  })
  commandRoute(api, {
    ...about,
    url: '/holds/:id/lifting',
    summary: 'Lift the hold',
    params: byId,
    body: lifting,
    decider: liftHold,
    trial: { on: 'hold', data: (holdId) => ({ hold: holdId, reference: '-' }) },
    data: ({ params, body }) => ({ hold: params.id, ...body }),
  })

  readRoute(api, {
    ...about,
    url: '/holds/:id',
    summary: 'A hold',
    params: byId,
    actionsOf: { kind: 'hold', id: (params) => params.id },
    answer: Type.Object({
      id,
      stream: Type.String(),
      revision: Type.Integer(),
      status: Type.Enum(['placed', 'lifted']),
      units: Type.Array(unit),
    }),
    read: async ({ request, reply, params }) => {
      const stream = `hold-${params.id}`
      await api.who.actor(request, keepers, { command: 'hold', stream })
      const { state, revision } = await api.services.load(hold, params.id)
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      return { id: params.id, stream, revision, ...state }
    },
  })
}
