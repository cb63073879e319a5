// CGU-21 to CGU-33: a demand for one card, which is also the registration file, from the request to its validation.
import { Type } from 'typebox'
import { acceptCgu } from '../commands/acceptCgu.ts'
import { completeDossier } from '../commands/completeDossier.ts'
import { requestCertificate } from '../commands/requestCertificate.ts'
import { handOverCard } from '../commands/sessions.ts'
import { validateRequest } from '../commands/validateRequest.ts'
import { verifyIdentity } from '../commands/verifyIdentity.ts'
import { whileIssuing } from '../commands/whileIssuing.ts'
import { cardKind, documentKind, holderKind, means, pieceKind, temporaryCause } from '../domain/lists.ts'
import { marked, type Policy } from '../domain/policy/policy.ts'
import { request as requestFile } from '../domain/request.ts'
import { v5 } from 'uuid'
import { requestsOf } from '../readmodels/certificates.ts'
import type { Act } from './command.ts'
import { Problem } from './problems.ts'
import { requestAnswer, requestBody } from './requestAnswer.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { attribute, byId, closed, code, d, email, id, name, note } from './schemas.ts'

const optional = Type.Optional

const demandUnder = (policy: Policy) =>
  closed(
    {
      person: optional(id),
      holder: closed({
        kind: holderKind,
        surname: name,
        givenNames: name,
        nameInCertificate: attribute(marked(policy, '')),
        email,
        // Not checked here: a wrong one is refused with its clause (CGU-27). A text, for its leading zeros.
        matricule: optional(Type.String({ minLength: 1, maxLength: 32 })),
        service: optional(note),
      }),
      entity: id,
      cardKind,
      temporaryCause: optional(temporaryCause),
      ra: code,
      profile: code,
      escrow: Type.Boolean({ description: 'CGU-39: a request without escrow is refused.' }),
      mandate: optional(id),
      earlier: optional(id),
    },
    {
      examples: [
        {
          holder: {
            kind: 'agent',
            surname: "D'Été-Brûlé",
            givenNames: 'Zoë Maëlle',
            nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
            email: 'zoe.dete-brule@douane.example',
            matricule: '0012345678',
          },
          entity: '5d0f7c1e-0000-4000-8000-000000000002',
          cardKind: 'agent',
          ra: 'dgddi',
          profile: 'encryption',
          escrow: true,
        },
      ],
    },
  )

const cguAcceptance = closed(
  { cguVersion: code, means, directoryAgreed: Type.Boolean() },
  { examples: [{ cguVersion: '1.0', means: 'portal', directoryAgreed: true }] },
)

const dossier = closed(
  {
    pieces: Type.Array(pieceKind, { minItems: 1, uniqueItems: true }),
    oldestSignedOn: d,
    scans: note,
    mandate: optional(id),
  },
  {
    examples: [
      {
        pieces: ['requestForm', 'identityCopy', 'mandate', 'cguSigned'],
        oldestSignedOn: '2026-01-15',
        scans: 'GED 2026-0042',
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
  { examples: [{ method: 'inPerson', documentKind: 'nationalIdentityCard', entityTieChecked: true }] },
)

const receipt = closed({ receipt: note }, { examples: [{ receipt: 'PV de remise signé, réf. 2026-0042' }] })

const waitMs = 2000

/** @throws Problem PROJECTION_LAGGING: nobody may pass for a person without a file because his file is not listed yet */
const newestFileOf = async ({ services }: Api, person: string): Promise<string | undefined> => {
  if (!(await services.reads.caughtUp(waitMs)))
    throw new Problem('PROJECTION_LAGGING', { headers: { 'retry-after': '1' } })
  return (await requestsOf(services.db, person)).at(-1)
}

/** A holder's person number is drawn with his first request: given again, the same command has the same one. */
const holderOf = async (api: Api, given: Readonly<{ person?: string; earlier?: string }>, act: Act) => {
  const known = given.person ?? (act.actor.role === 'holder' ? act.actor.person : undefined)
  if (known === undefined) return { ...given, person: v5('person', act.id), drawn: true }
  const earlier = given.earlier ?? (await newestFileOf(api, known))
  return { person: known, drawn: false, ...(earlier === undefined ? {} : { earlier }) }
}

export const requestRoutes = (api: Api): void => {
  const { policy, load } = api.services

  commandRoute(api, {
    url: '/requests',
    summary: 'Request a certificate, which registers its holder',
    description:
      'Without `person` a new holder is registered. A holder who asks for himself gives his own person number.',
    tag: 'requests',
    clauses: ['CGU-04', 'CGU-21', 'CGU-27', 'CGU-31', 'CGU-32', 'CGU-33', 'CGU-39', 'CGU-80'],
    body: demandUnder(policy),
    created: true,
    extra: { person: id },
    decider: whileIssuing(api.services.authority.ca.id, requestCertificate(policy)),
    data: async ({ body: { person, earlier, ...body }, act }) => {
      const given = { ...(person && { person }), ...(earlier && { earlier }) }
      return { ...body, request: act.id, ...(await holderOf(api, given, act)) }
    },
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
      return { id: params.id, stream, revision, ...requestBody(known) }
    },
  })
}
