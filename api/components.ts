// CGU-124, CGU-125: what the service is made of, and what is in service. CGU-122, CGU-123: its controls.
import { Type } from 'typebox'
import {
  commissionComponent,
  declareComponent,
  modifyComponent,
  retireComponent,
} from '../commands/components.ts'
import { completeControl, orderControl } from '../commands/controls.ts'
import { component } from '../domain/component.ts'
import { componentKind, controlScope, verdict } from '../domain/lists.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { controlsOf, findComponents } from '../readmodels/components.ts'
import type { ComponentRow, ControlRow } from '../readmodels/schema.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { notFound, officers, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, d, h, id, n, orNull, t } from './schemas.ts'

const optional = Type.Optional
const sha256 = 'b1946ac92492d2347c6235b4d2611184a1c3e5f2b1946ac92492d2347c6235b4'

const declaration = closed(
  { kind: componentKind, ra: optional(code), configurationSha256: h },
  { examples: [{ kind: 'desk', ra: 'dgddi', configurationSha256: sha256 }] },
)
const modification = closed(
  {
    significant: Type.Boolean({ description: 'It is then out of service until it has been controlled.' }),
    release: optional(code),
    configurationSha256: h,
  },
  { examples: [{ significant: true, release: '2.0.0', configurationSha256: sha256 }] },
)
const retirement = closed({ cause: code }, { examples: [{ cause: 'replaced' }] })
const order = closed(
  { scope: controlScope, dueOn: d },
  { examples: [{ scope: 'commissioning', dueOn: '2027-01-31' }] },
)
const completion = closed(
  {
    control: id,
    verdict,
    completedOn: d,
    findingCount: n,
    confirmBy: optional(Type.String({ ...d, description: 'With `toConfirm`, and only then.' })),
    reportSha256: h,
  },
  {
    examples: [
      {
        control: '0f53c5e5-6f22-4671-aa3a-456c88480e51',
        ...{ verdict: 'passed', completedOn: '2026-03-02', findingCount: 2, reportSha256: sha256 },
      },
    ],
  },
)

const summary = {
  id,
  kind: componentKind,
  ra: orNull(code),
  status: Type.Enum(['declared', 'inService', 'retired']),
}
const shown = {
  ...summary,
  declaredAt: t,
  changedAt: t,
  commissionedAt: orNull(t),
  commissionedOn: orNull(id),
}
const controlAnswer = Type.Object({
  ...{ id, scope: controlScope, orderedBy: Type.String(), orderedAt: t, dueOn: d, verdict: orNull(verdict) },
  ...{ completedOn: orNull(d), findingCount: orNull(n), confirmBy: orNull(d), reportSha256: orNull(h) },
})

const bodyOf = (row: ComponentRow) => ({
  ...{ id: row.component, kind: row.kind, ra: row.ra, status: row.status, declaredAt: row.declared_at },
  ...{
    changedAt: row.changed_at,
    commissionedAt: row.commissioned_at,
    commissionedOn: row.commissioned_control,
  },
})
const controlBody = (row: ControlRow) => ({
  ...{
    id: row.control,
    scope: row.scope,
    orderedBy: row.ordered_by,
    orderedAt: row.ordered_at,
    dueOn: row.due_on,
  },
  ...{ verdict: row.verdict, completedOn: row.completed_on, findingCount: row.finding_count },
  ...{ confirmBy: row.confirm_by, reportSha256: row.report_sha256 },
})

/** Whoever answers for the service or looks after it. */
export const keepers = [...officers, 'systemOperator'] as const

const commands = (api: Api): void => {
  const about = { tag: 'components', params: byId } as const
  const { now, newId } = api.services
  const nothing = '0'.repeat(64)
  const on = 'component'

  commandRoute(api, {
    url: '/components',
    summary: 'Declare a component of the service',
    tag: 'components',
    clauses: ['CGU-124'],
    body: declaration,
    created: true,
    decider: declareComponent,
    data: ({ body, act }) => ({ component: act.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/components/:id/modifications',
    summary: 'Record a modification; a significant one asks for a control before it is in service again',
    clauses: ['CGU-125'],
    body: modification,
    created: true,
    decider: modifyComponent,
    data: ({ params, body }) => ({ component: params.id, ...body }),
    trial: { on, data: (one) => ({ component: one, significant: false, configurationSha256: nothing }) },
  })
  commandRoute(api, {
    ...about,
    url: '/components/:id/commissioning',
    summary: 'Put the component into service, on the control that it has passed',
    clauses: ['CGU-04', 'CGU-124', 'CGU-125'],
    decider: commissionComponent,
    data: ({ params }) => ({ component: params.id }),
    trial: { on, data: (one) => ({ component: one }) },
  })
  commandRoute(api, {
    ...about,
    url: '/components/:id/retirement',
    summary: 'Take the component out of service for good',
    clauses: ['CGU-124'],
    body: retirement,
    decider: retireComponent,
    data: ({ params, body }) => ({ component: params.id, ...body }),
    trial: { on, data: (one) => ({ component: one, cause: 'trial' }) },
  })
  commandRoute(api, {
    ...about,
    url: '/components/:id/controls',
    summary: 'Order a control of the component',
    description: '`id` of the answer names the control.',
    clauses: ['CGU-122', 'CGU-123'],
    body: order,
    created: true,
    decider: orderControl,
    data: ({ params, body, act }) => ({ component: params.id, control: act.id, ...body }),
    answerId: ({ act }) => act.id,
    trial: {
      on,
      data: (one) => ({ component: one, control: newId(), scope: 'policy' as const, dueOn: dayOf(now()) }),
    },
  })
  commandRoute(api, {
    ...about,
    url: '/components/:id/controls/completion',
    summary: 'Record what a control has found, by the auditor',
    clauses: ['CGU-04', 'CGU-122', 'CGU-123'],
    body: completion,
    decider: completeControl,
    data: ({ params, body }) => ({ component: params.id, ...body }),
    trial: {
      on,
      data: (one) => ({
        ...{ component: one, verdict: 'passed' as const, completedOn: dayOf(now()) },
        ...{ findingCount: 0, reportSha256: nothing },
      }),
    },
  })
}

export const componentRoutes = (api: Api): void => {
  const { db, load } = api.services
  commands(api)

  readRoute(api, {
    url: '/components',
    summary: 'The components of the service, as they were declared',
    tag: 'components',
    clauses: ['CGU-124'],
    query: pageQuery,
    answer: Type.Object({ components: Type.Array(Type.Object(shown)) }),
    read: async ({ request, reply, query }) => {
      await api.who.actor(request, keepers, { command: 'components' })
      const after = rankOf(query)
      const limit = limitOf(query)
      const rows = await findComponents(db, { ...(after === undefined ? {} : { after }), limit })
      const last = rows.at(-1)
      if (last !== undefined && rows.length === limit) linkNext(request, reply, last.rank)
      return { components: rows.map(bodyOf) }
    },
  })
  readRoute(api, {
    url: '/components/:id',
    summary: 'A component with its controls',
    tag: 'components',
    clauses: ['CGU-124', 'CGU-125'],
    params: byId,
    actionsOf: { kind: 'component', id: ({ id: one }) => one },
    answer: Type.Object({
      ...{ ...summary, stream: Type.String(), revision: Type.Integer(), control: orNull(id) },
      controls: Type.Array(controlAnswer),
    }),
    read: async ({ request, reply, params }) => {
      const stream = `component-${params.id}`
      await api.who.actor(request, keepers, { command: 'component', stream })
      const { state, revision } = await load(component, params.id)
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      const { kind, status, ra } = state
      const controls = await controlsOf(db, params.id)
      return {
        ...{ id: params.id, stream, revision, kind, ra: ra ?? null, status },
        ...{ control: state.control?.id ?? null, controls: controls.map(controlBody) },
      }
    },
  })
}
