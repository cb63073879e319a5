// CGU-21 to CGU-33: a demand for one card, which is also the registration file, from the request to its validation.
import { Type } from 'typebox'
import { acceptCgu } from '../commands/acceptCgu.ts'
import { completeDossier } from '../commands/completeDossier.ts'
import { requestCertificate } from '../commands/requestCertificate.ts'
import { handOverCard } from '../commands/sessions.ts'
import { validateRequest } from '../commands/validateRequest.ts'
import { verifyIdentity } from '../commands/verifyIdentity.ts'
import { whileIssuing } from '../commands/whileIssuing.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { documentKind, means, pieceKind } from '../domain/lists.ts'
import { demandOf, demandUnder } from './demand.ts'
import { card } from '../domain/card.ts'
import { certificate } from '../domain/certificate.ts'
import { nextStep } from '../domain/policy/session.ts'
import { request as requestFile, type Session } from '../domain/request.ts'
import { requestAnswer, requestBody } from './requestAnswer.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, d, id, note } from './schemas.ts'

const optional = Type.Optional

const cguAcceptance = closed(
  { cguVersion: code, means, directoryAgreed: Type.Boolean() },
  { examples: [{ cguVersion: '1.0', means: 'portal', directoryAgreed: true }] },
)

const dossier = closed(
  {
    pieces: Type.Array(pieceKind, { minItems: 1, uniqueItems: true }),
    oldestSignedOn: d,
    scans: note,
    documentKind: optional(documentKind),
    documentNumber: optional(note),
    mandate: optional(id),
  },
  {
    examples: [
      {
        pieces: ['requestForm', 'identityCopy', 'mandate', 'cguSigned'],
        oldestSignedOn: '2026-01-15',
        scans: 'GED 2026-0042',
        documentKind: 'passport',
        documentNumber: '12AB34567',
      },
    ],
  },
)

const verification = closed(
  {
    method: Type.Enum(['inPerson', 'mandate', 'referential', 'file']),
    documentKind: optional(documentKind),
    documentNumber: optional(note),
    entityTieChecked: Type.Boolean(),
    mandate: optional(id),
  },
  {
    examples: [
      {
        method: 'inPerson',
        documentKind: 'nationalIdentityCard',
        documentNumber: '12AB34567',
        entityTieChecked: true,
      },
    ],
  },
)

/** For the action that is tried out: a document is whatever is shown. */
const shownInPerson = { method: 'inPerson', documentKind: 'passport', documentNumber: '-' } as const

const receipt = closed({ receipt: note }, { examples: [{ receipt: 'PV de remise signé, réf. 2026-0042' }] })

/** Where an open session stands, as the ledger has it now: for the officer who comes back to it. */
const nextOf = async ({ services: { load } }: Api, requestId: string, session: Session) =>
  nextStep({
    ...{ request: requestId, session },
    card: (await load(card, session.card)).state,
    certificate: (await load(certificate, session.serial)).state,
  })

export const requestRoutes = (api: Api): void => {
  const { policy, load, now } = api.services

  commandRoute(api, {
    url: '/requests',
    summary: 'Request a certificate, which registers its holder',
    description:
      'Without `person` a new holder is registered. A holder who asks for himself gives his own person number.',
    tag: 'requests',
    clauses: [
      'CGU-04',
      'CGU-10',
      'CGU-21',
      'CGU-27',
      'CGU-28',
      'CGU-29',
      'CGU-30',
      'CGU-31',
      'CGU-32',
      'CGU-33',
      'CGU-39',
      'CGU-80',
    ],
    body: demandUnder(policy),
    created: true,
    extra: { person: id },
    decider: whileIssuing(api.services.authority.ca.id, requestCertificate(policy)),
    data: ({ body, act }) => demandOf(api, body, act),
    more: async (_, { stream }) => {
      const { state } = await load(requestFile, stream.slice(stream.indexOf('-') + 1))
      return state.status === 'unknown' ? {} : { person: state.person }
    },
  })

  commandRoute(api, {
    url: '/requests/:id/cgu-acceptance',
    summary: 'Accept the conditions of use, by the future holder',
    tag: 'requests',
    clauses: ['CGU-16', 'CGU-19', 'CGU-40', 'CGU-45', 'CGU-92'],
    params: byId,
    body: cguAcceptance,
    decider: acceptCgu,
    trial: {
      on: 'request',
      data: (request) => ({
        ...({ request, cguVersion: policy.cgu.version, means: 'portal', directoryAgreed: true } as const),
      }),
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/dossier',
    summary: 'Complete the file of a request made through a certification agent (MC)',
    tag: 'requests',
    clauses: ['CGU-08', 'CGU-23', 'CGU-29', 'CGU-30'],
    params: byId,
    body: dossier,
    decider: completeDossier(policy),
    trial: {
      on: 'request',
      // A whole file of today: what is missing of a real one is told when it is brought.
      data: (request) => ({
        ...{ request, pieces: ['requestForm', 'identityCopy', 'mandate', 'cguSigned'] as const, scans: '-' },
        ...{ oldestSignedOn: dayOf(now()), documentKind: 'passport' as const, documentNumber: '-' },
      }),
      underMandate: true,
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/identity-verification',
    summary: 'Record that the identity of the future holder has been verified',
    tag: 'requests',
    clauses: ['CGU-04', 'CGU-24', 'CGU-26'],
    params: byId,
    body: verification,
    decider: verifyIdentity,
    trial: {
      on: 'request',
      data: (request) => ({ request, ...shownInPerson, entityTieChecked: true }),
      underMandate: true,
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
  commandRoute(api, {
    url: '/requests/:id/validation',
    summary: 'Validate the request',
    tag: 'requests',
    clauses: ['CGU-04', 'CGU-16', 'CGU-24', 'CGU-29'],
    params: byId,
    decider: validateRequest(policy),
    trial: { on: 'request', data: (request) => ({ request }) },
    data: ({ params }) => ({ request: params.id }),
  })
  commandRoute(api, {
    url: '/requests/:id/handover',
    summary: 'Hand the card over to its holder, which ends the request',
    tag: 'requests',
    clauses: ['CGU-35', 'CGU-37', 'CGU-50'],
    params: byId,
    body: receipt,
    decider: handOverCard,
    trial: { on: 'request', data: (request) => ({ request, receipt: '-' }) },
    inTurn: ({ id: requestId }, act) => api.services.issuance.inTurn(requestId, act),
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })

  readRoute(api, {
    url: '/requests/:id',
    summary: 'A request and its registration file',
    actionsOf: { kind: 'request', id: ({ id: requestId }) => requestId },
    tag: 'requests',
    clauses: ['CGU-21', 'CGU-114'],
    params: byId,
    answer: requestAnswer,
    read: async ({ request, reply, params }) => {
      const { state, revision } = await load(requestFile, params.id)
      const stream = `request-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      await api.readers.consult(
        request,
        { person: known?.person, entity: known?.identity?.entity },
        { screen: 'request', streams: known?.identity === undefined ? [] : [stream] },
      )
      if (known === undefined) return notFound()
      tag(reply, revision)
      const next = known.session === undefined ? null : await nextOf(api, params.id, known.session)
      return { id: params.id, stream, revision, ...requestBody(known), next }
    },
  })
}
