// Requests for revocation: made with whatever leads to the certificate (CGU-73), and looked over with the time that each takes
// from its first receipt to the status that relying parties see (CGU-76, CGU-98).
import { Type } from 'typebox'
import { requestRevocation } from '../commands/requestRevocation.ts'
import { certificate } from '../domain/certificate.ts'
import { secondsOf } from '../domain/policy/dates.ts'
import { findRevocations, type RevocationDelay } from '../readmodels/revocations.ts'
import { locate } from './locate.ts'
import { limitOf, linkNext, pageQuery, rankOf } from './page.ts'
import { askingClauses, revocationBody, revocationOf } from './revocations.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { closed, id, orNull, sn, t } from './schemas.ts'

const state = Type.Enum(['open', 'revoked', 'rejected'])
const demand = closed(
  {
    locator: Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Serial number, in hex or decimal; else an e-mail address, a matricule, the id of a request or of a card, or words of the name.',
    }),
    ...revocationBody,
  },
  {
    examples: [
      {
        locator: 'zoe.dete-brule@douane.example',
        holderName: "Zoë D'Été-Brûlé",
        requesterName: "Zoë D'Été-Brûlé",
        channel: 'portal',
      },
    ],
  },
)

const delay = Type.Object({
  revocation: id,
  serial: sn,
  channel: Type.String(),
  requesterRole: Type.String(),
  state,
  firstReceivedAt: t,
  requestedAt: t,
  dueAt: t,
  secondsLeft: orNull(Type.Integer({ description: 'Of an open request; negative once it is late.' })),
  late: Type.Boolean(),
  decidedAt: orNull(t),
  revokedAt: orNull(t),
  crl: orNull(Type.Object({ number: Type.Integer(), thisUpdate: t })),
})

const delayOf = (row: RevocationDelay, now: string) => ({
  revocation: row.revocation,
  serial: row.serial,
  channel: row.channel,
  requesterRole: row.requester_role,
  state: row.state,
  firstReceivedAt: row.first_received_at,
  requestedAt: row.requested_at,
  dueAt: row.due_at,
  secondsLeft: row.state === 'open' ? secondsOf(row.due_at) - secondsOf(now) : null,
  late: row.late,
  decidedAt: row.decided_at,
  revokedAt: row.revoked_at,
  crl:
    row.crl_number === null || row.crl_this_update === null
      ? null
      : { number: row.crl_number, thisUpdate: row.crl_this_update },
})

export const revocationRequestRoutes = (api: Api): void => {
  const { services } = api
  const { db, now, policy, load } = services

  commandRoute(api, {
    url: '/revocation-requests',
    summary: 'Ask for the revocation of the certificate that a locator leads to',
    description: 'As POST /certificates/{serial}/revocation, which names the certificate itself.',
    tag: 'revocations',
    clauses: askingClauses,
    body: demand,
    created: true,
    extra: { serial: sn, state },
    decider: requestRevocation(policy),
    data: async ({ body: { locator, ...body }, act }) => {
      const found = await locate(services, act.actor, locator)
      if (typeof found !== 'string') return act.refuse(found, { command: 'RequestRevocation' })
      return {
        ...revocationOf(found, body, act),
        locatorGiven: locator,
      }
    },
    answerId: ({ act }) => act.id,
    more: async (_, { stream }) => {
      const serial = stream.slice(stream.indexOf('-') + 1)
      const after = (await load(certificate, serial)).state
      return { serial, state: after.status === 'revoked' ? 'revoked' : 'open' }
    },
  })

  readRoute(api, {
    url: '/revocations',
    summary: 'Requests for revocation, newest first, with the time that they take',
    description:
      '`late`: past the hours of the policy, from the first receipt to the first CRL that lists it.',
    tag: 'revocations',
    clauses: ['CGU-75', 'CGU-76', 'CGU-98'],
    query: {
      state: Type.Optional(state),
      late: Type.Optional(Type.Enum(['true', 'false'])),
      ...pageQuery,
    },
    answer: Type.Object({ revocations: Type.Array(delay) }),
    read: async ({ request, reply, query }) => {
      await api.readers.reader(request, {}, { screen: 'revocations' })
      const limit = limitOf(query)
      const before = rankOf(query)
      const at = now()
      const rows = await findRevocations(db, {
        ...{ hours: policy.revocation.hours, now: at, limit: limit + 1 },
        ...(query.state === undefined ? {} : { state: query.state as RevocationDelay['state'] }),
        ...(query.late === undefined ? {} : { late: query.late === 'true' }),
        ...(before === undefined ? {} : { before }),
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.requested_rank)
      return { revocations: shown.map((row) => delayOf(row, at)) }
    },
  })
}
