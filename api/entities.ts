// CGU-24: « validation par l'AE de l'identité « personne morale » de l'entité de rattachement du porteur ».
import { Type } from 'typebox'
import { entity } from '../domain/entity.ts'
import { endCause, entityKind, entityProof } from '../domain/lists.ts'
import { closeEntity } from '../commands/closeEntity.ts'
import { verifyEntity } from '../commands/verifyEntity.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { attribute, byId, closed, d, id, note, orNull } from './schemas.ts'

const siren = Type.String({ pattern: '^\\d{9}$' })

const verification = closed(
  {
    kind: entityKind,
    siren,
    method: entityProof,
    validUntil: Type.Optional(d),
    name: attribute(),
    address: note,
    contact: note,
    evidence: note,
  },
  {
    examples: [
      {
        kind: 'ministry',
        siren: '110020013',
        method: 'register',
        name: 'Direction générale des douanes et droits indirects',
        address: '11 rue des Deux Communes, 93558 Montreuil',
        contact: 'bureau.pki@douane.example',
        evidence: 'répertoire SIRENE consulté',
      },
    ],
  },
)

const closure = closed(
  { cause: endCause, effectiveOn: d, note: Type.Optional(note) },
  { examples: [{ cause: 'merged', effectiveOn: '2026-02-28', note: 'décret de fusion' }] },
)

const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['verified', 'closed']),
  siren: orNull(siren),
  name: orNull(Type.String()),
  validUntil: orNull(d),
})

export const entityRoutes = (api: Api): void => {
  commandRoute(api, {
    url: '/entities',
    summary: 'Register an entity whose identity the RA has validated',
    tag: 'entities',
    clauses: ['CGU-24', 'CGU-33'],
    body: verification,
    created: true,
    decider: verifyEntity,
    data: ({ body, act }) => ({ entity: act.id, ...body }),
  })

  commandRoute(api, {
    url: '/entities/:id/verification',
    summary: 'Validate the identity of a registered entity again, on new evidence',
    tag: 'entities',
    clauses: ['CGU-24', 'CGU-33'],
    params: byId,
    body: verification,
    decider: verifyEntity,
    data: ({ params, body }) => ({ entity: params.id, ...body }),
    trial: { on: 'entity', data: (entity) => ({ entity, ...unchanged }) },
  })
  commandRoute(api, {
    url: '/entities/:id/closure',
    summary: 'Close an entity: nobody acts for it any more, and no new certificate names it',
    tag: 'entities',
    clauses: ['CGU-24', 'CGU-97'],
    params: byId,
    body: closure,
    decider: closeEntity,
    data: ({ params, body }) => ({ entity: params.id, ...body }),
    more: async ({ params }) => {
      await api.services.posts.endOfEntity(params.id)
      return {}
    },
    trial: {
      on: 'entity',
      data: (entity) => ({ entity, cause: 'closed' as const, effectiveOn: '2000-01-01' }),
    },
  })

  readRoute(api, {
    url: '/entities/:id',
    summary: 'An entity',
    tag: 'entities',
    clauses: ['CGU-24'],
    params: byId,
    answer,
    actionsOf: { kind: 'entity', id: ({ id: asked }) => asked },
    read: async ({ request, reply, params }) => {
      const { state, revision } = await api.services.load(entity, params.id)
      const stream = `entity-${params.id}`
      await api.readers.reader(request, { entity: params.id }, { screen: 'entity', stream })
      if (state.status === 'unknown') return notFound()
      tag(reply, revision)
      const { siren: number, name: called, validUntil } = state.status === 'verified' ? state : none
      return {
        ...{ id: params.id, stream, revision, status: state.status, siren: number ?? null },
        ...{ name: called ?? null, validUntil: validUntil ?? null },
      }
    },
  })
}

/** Evidence without an end, about which only the entity itself can have the command refused. */
const unchanged = {
  kind: 'ministry',
  siren: '000000000',
  method: 'register',
  name: '',
  address: '',
  contact: '',
  evidence: '',
} as const

const none = { siren: undefined, name: undefined, validUntil: undefined }
