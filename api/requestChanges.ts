// What becomes of a request on its way: sent back, rejected, closed; and the corrections of its registration file.
import { Type } from 'typebox'
import { correctRegistration } from '../commands/correctRegistration.ts'
import { closeRequest, rejectionCauses, rejectRequest } from '../commands/endRequest.ts'
import { lookUp } from '../commands/registers.ts'
import { returnRequest } from '../commands/returnRequest.ts'
import { pieceKind, returnCause } from '../domain/lists.ts'
import { consequenceOf } from '../domain/policy/correction.ts'
import { request as requestFile } from '../domain/request.ts'
import { holderFields } from './demand.ts'
import { commandRoute, type Api } from './routes.ts'
import { byId, closed, id, note } from './schemas.ts'

const optional = Type.Optional

const returned = closed(
  {
    cause: returnCause,
    missing: optional(Type.Array(pieceKind, { uniqueItems: true })),
    note: optional(note),
    mandate: optional(id),
  },
  { examples: [{ cause: 'piecesMissing', missing: ['cguSigned'], note: 'CGU non signées' }] },
)
const rejection = closed(
  { cause: Type.Enum([...rejectionCauses]), note: optional(note) },
  { examples: [{ cause: 'IDENTITY_NOT_VERIFIED', note: 'pièce illisible' }] },
)
const closing = closed(
  { cause: Type.Enum(['withdrawn', 'duplicate']), mandate: optional(id) },
  { examples: [{ cause: 'withdrawn' }] },
)

export const requestChangeRoutes = (api: Api): void => {
  const { policy, load, issuance } = api.services
  const correction = closed(
    { ...holderFields(policy), entity: optional(id) },
    { minProperties: 1, examples: [{ email: 'zoe.brule@douane.example' }] },
  )
  const inTurn = <T>({ id: requestId }: { id: string }, act: () => Promise<T>): Promise<T> =>
    issuance.inTurn(requestId, act)

  commandRoute(api, {
    url: '/requests/:id/return',
    summary: 'Send a request back, with the pieces that are missing',
    tag: 'requests',
    clauses: ['CGU-04', 'CGU-23', 'CGU-29'],
    params: byId,
    body: returned,
    decider: returnRequest,
    trial: {
      on: 'request',
      data: (request) => ({ request, cause: 'identityDoubtful' as const }),
      underMandate: true,
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/rejection',
    summary: 'Reject a request, with the reason',
    tag: 'requests',
    clauses: ['CGU-04', 'CGU-21'],
    params: byId,
    body: rejection,
    decider: rejectRequest,
    inTurn,
    trial: {
      on: 'request',
      data: (request) => ({ request, cause: 'IDENTITY_NOT_VERIFIED' as const }),
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/closing',
    summary: 'Close a request that is taken back, or that is made twice',
    tag: 'requests',
    clauses: ['CGU-21', 'CGU-23'],
    params: byId,
    body: closing,
    decider: closeRequest,
    inTurn,
    trial: {
      on: 'request',
      data: (request) => ({ request, cause: 'withdrawn' as const }),
      underMandate: true,
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/registration',
    summary: 'Correct the data of the registration file',
    description:
      'A certificate is never altered: `consequence` says when what it says can only be changed by revoking it and requesting another.',
    tag: 'requests',
    clauses: ['CGU-27', 'CGU-92', 'CGU-97', 'CGU-111'],
    params: byId,
    body: correction,
    decider: correctRegistration,
    inTurn,
    trial: { on: 'request', data: (request) => ({ request, values: {} }) },
    data: async ({ params, body, act }) => {
      const { state } = await load(requestFile, params.id)
      const identity = state.status === 'unknown' ? undefined : state.identity
      const looked = await lookUp(api.services.registers, { ...identity, ...body }, act.at)
      return { request: params.id, values: body, looked }
    },
    extra: { consequence: Type.Enum(['none', 'verifyAgain', 'revokeAndRequestAnew']) },
    more: async ({ params, body }, { accepted, replayed }) => {
      const { state } = await load(requestFile, params.id)
      if (state.status === 'unknown' || (accepted.length === 0 && !replayed)) return { consequence: 'none' }
      return { consequence: consequenceOf(state.status, Object.keys(body)) }
    },
  })
}
