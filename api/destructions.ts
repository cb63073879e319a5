// CGU-116: destruction at the end of the term: proposed from the due list, visa, two approvals. The act itself follows
// by itself once they are there (jobs/destructions.ts). Approvals: destructionApprovals.ts.
import { Type } from 'typebox'
import { cancelDestruction, proposeDestruction, recordVisa } from '../commands/destructions.ts'
import { listDigest } from '../commands/approvalStatement.ts'
import { destruction } from '../domain/destruction.ts'
import { unit } from '../domain/fields.ts'
import { retentionClass, type RetentionClass } from '../domain/lists.ts'
import { heldAmong } from '../readmodels/retention.ts'
import { destructionApprovalRoutes } from './destructionApprovals.ts'
import { caughtUp, notFound, tag } from './readers.ts'
import { dueList, keepers } from './retention.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, d, h, id, note, orNull, t } from './schemas.ts'

const atMost = 500

const proposal = closed(
  {
    class: Type.Enum(['reg', 'escrow', 'recovery', 'journal']),
    units: Type.Optional(
      Type.Array(unit, {
        minItems: 1,
        maxItems: atMost,
        uniqueItems: true,
        description: 'These alone. Without them: what is due and not on hold, oldest first, 500 at most.',
      }),
    ),
  },
  { examples: [{ class: 'reg' }] },
)
const visa = closed(
  { visaSha256: h, grantedOn: d, reference: note },
  {
    examples: [
      { visaSha256: 'a'.repeat(64), grantedOn: '2026-03-02', reference: 'bordereau d’élimination 2026-12' },
    ],
  },
)
const cancellation = closed({ cause: code }, { examples: [{ cause: 'wrong-list' }] })

export const destructionRoutes = (api: Api): void => {
  const { services } = api
  const about = { tag: 'retention', clauses: ['CGU-113', 'CGU-114', 'CGU-115', 'CGU-116'] } as const

  const unitsOf = async (kept: RetentionClass, asked: readonly string[] | undefined) => {
    const list = await dueList(services, kept, {
      limit: atMost,
      ...(asked === undefined ? {} : { units: asked }),
    })
    if (asked === undefined) return list.filter(({ held }) => !held)
    const due = new Map(list.map((one) => [one.unit, one]))
    const held = new Set(await heldAmong(services.db, asked))
    return asked.map((one) => due.get(one) ?? { unit: one, due: undefined, held: held.has(one) })
  }

  commandRoute(api, {
    ...about,
    url: '/destructions',
    summary: 'Propose units that have come to their term for destruction',
    body: proposal,
    created: true,
    decider: proposeDestruction,
    data: async ({ body, act }) => {
      // What is on hold, or in another run, is listed nowhere else.
      await caughtUp(services)
      return {
        destruction: act.id,
        class: body.class,
        cause: 'termEnded' as const,
        units: await unitsOf(body.class, body.units),
      }
    },
  })
  commandRoute(api, {
    ...about,
    url: '/destructions/:id/visa',
    summary: 'Record the visa of the archives',
    params: byId,
    body: visa,
    decider: recordVisa,
    trial: {
      on: 'destruction',
      data: (run) => ({ destruction: run, visaSha256: '', grantedOn: '', reference: '' }),
    },
    data: ({ params, body }) => ({ destruction: params.id, ...body }),
  })
  destructionApprovalRoutes(api)
  commandRoute(api, {
    ...about,
    url: '/destructions/:id/cancellation',
    summary: 'Give the run up: its units are due again',
    params: byId,
    body: cancellation,
    decider: cancelDestruction,
    trial: { on: 'destruction', data: (run) => ({ destruction: run, cause: 'x' }) },
    data: ({ params, body }) => ({ destruction: params.id, ...body }),
  })

  readRoute(api, {
    ...about,
    url: '/destructions/:id',
    summary: 'A run: its units, its visa, how many have approved it',
    params: byId,
    actionsOf: { kind: 'destruction', id: (params) => params.id },
    answer: Type.Object({
      id,
      stream: Type.String(),
      revision: Type.Integer(),
      status: Type.Enum(['proposed', 'cancelled', 'started', 'done']),
      class: retentionClass,
      latestDue: t,
      units: Type.Array(unit),
      held: Type.Array(unit),
      listSha256: h,
      visa: orNull(Type.Object({ sha256: h, grantedOn: d })),
      approvals: Type.Integer(),
    }),
    read: async ({ request, reply, params }) => {
      const stream = `destruction-${params.id}`
      await api.who.actor(request, keepers, { command: 'destruction', stream })
      const { state, revision } = await services.load(destruction, params.id)
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      const { status, latestDue, units } = state
      return {
        ...{ id: params.id, stream, revision, status, class: state.class, latestDue, units },
        ...{ held: await heldAmong(services.db, units), listSha256: listDigest(state) },
        ...{ visa: state.visa ?? null, approvals: state.approvals.length },
      }
    },
  })
}
