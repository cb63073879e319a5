// CGU-23, CGU-25: who acts for an entity, or holds a post of the service, is proposed, checked, and accepts before he acts.
import { Type } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import { acceptAppointment, checkAppointee, proposeAppointment } from '../commands/appointments.ts'
import { fingerprint, keyCounts, withConfirmers } from '../commands/approvalKeyChain.ts'
import { endAppointment } from '../commands/endAppointment.ts'
import { appointment, type Appointment, type ApprovalKey } from '../domain/appointment.ts'
import { entity } from '../domain/entity.ts'
import type { Actor } from '../domain/kernel.ts'
import { roles, type Role } from '../domain/lists.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { verifiedAt } from '../domain/policy/entity.ts'
import { actsAt, lastDayOf } from '../domain/policy/mandate.ts'
import { findAppointments } from '../readmodels/appointments.ts'
import type { AppointmentRow } from '../readmodels/schema.ts'
import { acceptance, answer, check, end, listAnswer, listQuery, proposal } from './appointmentSchemas.ts'
import { approvalKeyRoutes } from './approvalKeys.ts'
import { accountOf } from './auth.ts'
import { limitOf, linkNext, rankOf } from './page.ts'
import { notFound, officers, tag } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId } from './schemas.ts'
import type { Services } from './services.ts'

type Known = Exclude<Appointment, { status: 'unknown' }>

/** The appointment that a legal representative acts under for an entity: he does not have to know its number. */
const ownAppointment = async (
  { posts, load }: Services,
  by: Actor,
  entityId: string | undefined,
): Promise<{ actingUnder?: string }> => {
  if (by.role !== 'legalRepresentative') return {}
  for (const id of (await posts.appointmentsOf(by.person)).toReversed()) {
    const { state } = await load(appointment, id)
    if (state.status === 'inForce' && state.role === by.role && state.entity === entityId)
      return { actingUnder: id }
  }
  return {}
}

const about = { tag: 'appointments', clauses: ['CGU-08', 'CGU-23', 'CGU-25', 'CGU-53', 'CGU-62'] } as const

export const appointmentRoutes = (api: Api): void => {
  commandRoutes(api)
  approvalKeyRoutes(api)
  listRoute(api)
  readOneRoute(api)
}

const commandRoutes = (api: Api): void => {
  const { services } = api
  const entityOf = async (id: string): Promise<string | undefined> => {
    const { state } = await services.load(appointment, id)
    return state.status === 'unknown' ? undefined : state.entity
  }
  const undertaking = async (id: string, by: Actor) => ({
    appointment: id,
    others: (await services.posts.appointmentsOf(by.person)).filter((other) => other !== id),
    named: await services.accounts.rolesOf(by.person),
  })
  const ending = async (id: string, by: Actor) => ({
    appointment: id,
    ...(await ownAppointment(services, by, await entityOf(id))),
  })

  commandRoute(api, {
    ...about,
    url: '/appointments',
    summary: 'Propose somebody for a mandate of an entity, or for a post of the service',
    description:
      'Mandates (MC, representatives, authorised persons, legal authorities) by the RA, some by the legal representative of the entity; posts by the security officer or the officer of the CA. Without `powers`, a mandate has those that the CGU give its role.',
    body: proposal,
    created: true,
    decider: proposeAppointment(services.policy),
    data: async ({ body, act }) => ({
      appointment: act.id,
      ...body,
      ...(await ownAppointment(services, act.actor, body.entity)),
    }),
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/check',
    summary: 'Record that the identity of the person proposed has been checked',
    params: byId,
    body: check,
    decider: checkAppointee,
    data: ({ params, body }) => ({ appointment: params.id, ...body }),
    trial: { on: 'appointment', data: (id) => ({ appointment: id, method: 'mandate' as const }) },
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/acceptance',
    summary: 'Accept the appointment, by the person proposed',
    description:
      'He signs in by whatever role he has: this one is his from now on. Of two roles that may not be combined the later is ended at once; the answer says so.',
    params: byId,
    body: acceptance,
    decider: acceptAppointment,
    data: async ({ params, body, act }) => ({ ...(await undertaking(params.id, act.actor)), ...body }),
    extra: { status: Type.Enum(['inForce', 'ended']) },
    more: async ({ params }) => {
      await services.posts.lookBack()
      const { state } = await services.load(appointment, params.id)
      return { status: state.status }
    },
    trial: {
      on: 'appointment',
      data: async (id, by) => ({
        ...(await undertaking(id, by)),
        undertakingSha256: '0'.repeat(64),
        means: 'portal' as const,
      }),
    },
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/end',
    summary: 'End the appointment',
    description:
      '`effectiveOn` may lie ahead: a departure, an expiry, a closure or a merger lets it act to the end of that day, any other cause to the end of the day before.',
    params: byId,
    body: end,
    decider: endAppointment,
    data: async ({ params, body, act }) => ({ ...(await ending(params.id, act.actor)), ...body }),
    trial: {
      on: 'appointment',
      data: async (id, by) => ({
        ...(await ending(id, by)),
        cause: 'withdrawn' as const,
        effectiveOn: dayOf(services.now()),
      }),
    },
  })
}

const rowBody = (row: AppointmentRow) => ({
  ...{ id: row.appointment, role: row.role, entity: row.entity, ra: row.ra, status: row.status },
  ...{ fromOn: row.from_on, untilOn: row.until_on, endCause: row.end_cause, effectiveOn: row.effective_on },
})

const listRoute = (api: Api): void => {
  readRoute(api, {
    ...about,
    url: '/appointments',
    summary: 'Appointments, newest first: of an entity, of a role',
    description: 'For officers. Who is appointed is sealed, and shown by the appointment itself.',
    query: listQuery,
    answer: listAnswer,
    read: async ({ request, reply, query }) => {
      await api.readers.reader(request, {}, { screen: 'appointmentList' })
      const [limit, before] = [limitOf(query), rankOf(query)]
      const rows = await findAppointments(api.services.db, {
        ...(query.entity === undefined ? {} : { entity: query.entity }),
        ...(query.role === undefined ? {} : { role: query.role as Role }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.rank)
      return { appointments: shown.map(rowBody) }
    },
  })
}

const printOf = (key: ApprovalKey | undefined): string | null =>
  key?.publicKey === undefined ? null : fingerprint(key.publicKey)

const readOneRoute = (api: Api): void => {
  const { services, who, journal } = api

  /** Officers; the appointee; who acts for the entity. A look that is not the appointee's own is written down. */
  const consult = async (
    request: Parameters<typeof accountOf>[0],
    known: Known | undefined,
    stream: string,
  ): Promise<void> => {
    const account = accountOf(request)
    const isOwn = known?.person !== undefined && known.person === account.person
    const ofEntity = known?.entity !== undefined && account.entities.includes(known.entity)
    const among = [...officers, ...(ofEntity ? (['mc', 'legalRepresentative'] as const) : [])]
    const actor = await who.actor(request, isOwn ? roles : among, { command: 'appointment', stream })
    if (!isOwn && known !== undefined)
      await journal.consultation(actor, { screen: 'appointment', streams: [stream] })
  }

  const actsNow = async (known: Known): Promise<boolean> => {
    const at = services.now()
    if (!actsAt(known, at)) return false
    return known.entity === undefined || verifiedAt((await services.load(entity, known.entity)).state, at)
  }

  const fold = foldOf(services)
  const hasKeyThatCounts = async (id: string): Promise<boolean> =>
    keyCounts({ policy: services.policy, appointed: await withConfirmers(fold, [id]) }, id)

  readRoute(api, {
    ...about,
    url: '/appointments/:id',
    summary: 'An appointment',
    params: byId,
    answer,
    actionsOf: { kind: 'appointment', id: ({ id: asked }) => asked },
    read: async ({ request, reply, params }) => {
      const { state, revision } = await services.load(appointment, params.id)
      const stream = `appointment-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      await consult(request, known, stream)
      if (known === undefined) return notFound()
      tag(reply, revision)
      const { status, role, powers, fromOn, untilOn } = known
      return {
        ...{ id: params.id, stream, revision, status, role, powers, fromOn, untilOn },
        ...{ entity: known.entity ?? null, person: known.person ?? null },
        ...{ lastDay: lastDayOf(known), acts: await actsNow(known) },
        ...{ approvalKey: printOf(known.approvalKey), keyOffered: printOf(known.keyOffered) },
        approvalKeyCounts: await hasKeyThatCounts(params.id),
      }
    },
  })
}
