// CGU-23, CGU-25: certification agents (MC) are registered by the RA before they act: proposed, checked, accepted.
import { Type } from 'typebox'
import {
  acceptAppointment,
  checkAppointee,
  endAppointment,
  proposeAppointment,
} from '../commands/appointments.ts'
import { appointment } from '../domain/appointment.ts'
import { documentKind, endCause, identityMethod, means, power, role } from '../domain/lists.ts'
import { notFound, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, d, email, h, id, name, note, orNull } from './schemas.ts'

const optional = Type.Optional

const proposal = closed(
  {
    role: Type.Literal('mc'),
    person: id,
    entity: id,
    ra: optional(code),
    powers: Type.Array(power, { minItems: 1, uniqueItems: true }),
    fromOn: d,
    untilOn: d,
    mandateSignedOn: optional(d),
    surname: name,
    givenNames: name,
    email,
    matricule: optional(Type.String({ minLength: 1, maxLength: 32 })),
    mandate: note,
  },
  {
    examples: [
      {
        role: 'mc',
        person: '5d0f7c1e-0000-4000-8000-000000000001',
        entity: '5d0f7c1e-0000-4000-8000-000000000002',
        powers: ['request', 'verifyIdentity', 'revoke'],
        fromOn: '2026-01-01',
        untilOn: '2027-12-31',
        mandateSignedOn: '2025-12-15',
        surname: "L'Hermitte-Noël",
        givenNames: 'Anne-Élise',
        email: 'anne-elise.lhermitte@douane.example',
        matricule: '0001234567',
        mandate: 'mandat signé, réf. 2025-118',
      },
    ],
  },
)

const check = closed(
  {
    method: identityMethod,
    documentKind: optional(documentKind),
    documentNumber: optional(note),
    documentScan: optional(note),
  },
  { examples: [{ method: 'inPerson', documentKind: 'passport' }] },
)

const acceptance = closed(
  { undertakingSha256: h, means, signature: optional(note) },
  { examples: [{ undertakingSha256: 'a'.repeat(64), means: 'portal' }] },
)

const end = closed(
  { cause: endCause, effectiveOn: d, note: optional(note) },
  { examples: [{ cause: 'departure', effectiveOn: '2026-06-30' }] },
)

const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status: Type.Enum(['proposed', 'checked', 'inForce', 'ended']),
  role,
  entity: orNull(id),
  person: orNull(id),
  powers: Type.Array(power),
  fromOn: d,
  untilOn: d,
})

export const appointmentRoutes = (api: Api): void => {
  const about = { tag: 'appointments', clauses: ['CGU-23', 'CGU-25'] } as const

  commandRoute(api, {
    ...about,
    url: '/appointments',
    summary: 'Propose a certification agent (MC) for an entity',
    body: proposal,
    created: true,
    decider: proposeAppointment(api.services.policy),
    data: ({ body, act }) => ({ appointment: act.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/check',
    summary: 'Record that the RA has checked the identity of the person proposed',
    params: byId,
    body: check,
    decider: checkAppointee,
    data: ({ params, body }) => ({ appointment: params.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/acceptance',
    summary: 'Accept the appointment, by the person proposed',
    params: byId,
    body: acceptance,
    decider: acceptAppointment,
    data: ({ params, body }) => ({ appointment: params.id, ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/end',
    summary: 'End the appointment',
    params: byId,
    body: end,
    decider: endAppointment,
    data: ({ params, body }) => ({ appointment: params.id, ...body }),
  })

  readRoute(api, {
    ...about,
    url: '/appointments/:id',
    summary: 'An appointment',
    params: byId,
    answer,
    read: async ({ request, reply, params }) => {
      const { state, revision } = await api.services.load(appointment, params.id)
      const stream = `appointment-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      await api.readers.consult(
        request,
        { person: known?.person, entity: known?.entity },
        { screen: 'appointment', streams: known === undefined ? [] : [stream] },
      )
      if (known === undefined) return notFound()
      tag(reply, revision)
      const { status, role: held, entity, person, powers, fromOn, untilOn } = known
      return {
        ...{ id: params.id, stream, revision, status, role: held, powers, fromOn, untilOn },
        ...{ entity: entity ?? null, person: person ?? null },
      }
    },
  })
}
