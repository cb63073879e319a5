// CGU-54 to CGU-59: the holder asks that his certificate be followed by a new one, alone or with the registration authority.
import { Type } from 'typebox'
import { confirmIdentity } from '../commands/confirmIdentity.ts'
import { requestRenewal, type RequestRenewal } from '../commands/requestRenewal.ts'
import { certificate } from '../domain/certificate.ts'
import { document, inForce } from '../domain/document.ts'
import { present } from '../domain/policy/cardKind.ts'
import { marked, type Policy } from '../domain/policy/policy.ts'
import { request as requestFile, type Request } from '../domain/request.ts'
import { renewalsOf } from '../readmodels/renewals.ts'
import { accepted, type Act } from './command.ts'
import { caughtUp } from './readers.ts'
import { actRoute, commandRoute, readRoute, type Api } from './routes.ts'
import { attribute, byId, bySerial, closed, code, email, id, name, note, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const optional = Type.Optional
const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })

const demandUnder = (policy: Policy) =>
  closed(
    {
      cguVersion: code,
      directoryAgreed: Type.Boolean(),
      changes: optional(
        closed(
          {
            surname: optional(name),
            givenNames: optional(name),
            nameInCertificate: optional(attribute(marked(policy, ''))),
            email: optional(email),
            service: optional(note),
            entity: optional(id),
          },
          {
            minProperties: 1,
            description: 'CGU-57: what has changed since. Left out, the holder declares that nothing has.',
          },
        ),
      ),
      alone: optional(
        closed(
          {
            certificate: text(16_384, 'In PEM, or DER in base64.'),
            challenge: text(200, 'As GET …/renewal-challenge answered it.'),
            signature: text(
              2048,
              'Over the challenge, SHA-256 with RSA (PKCS #1 v1.5) or ECDSA (DER), base64.',
            ),
          },
          { description: 'CGU-58: signed in with the authentication certificate, without the RA.' },
        ),
      ),
    },
    { examples: [{ cguVersion: '1.0', directoryAgreed: true }] },
  )

const confirmation = closed(
  { method: Type.Enum(['file', 'referential']), entityTieChecked: Type.Boolean() },
  { examples: [{ method: 'referential', entityTieChecked: true }] },
)

const waitMs = 2000

/** CGU-27: whoever was an agent when he was registered, and has left the referential since, is none. */
const inReferential = async ({ services }: Api, file: Request | undefined): Promise<boolean> => {
  if (file === undefined || file.status === 'unknown' || file.holderKind !== 'agent') return false
  const agent = await services.registers.referential.find(file.identity?.matricule ?? '')
  return present({ agent }) !== undefined
}

/** What the shell knows of a renewal, beside what the holder gives; rivals as far as the read models have come. */
const known = async (api: Api, previous: string) => {
  const { services } = api
  const { state } = await services.load(certificate, previous)
  const { request } = 'request' in state ? state : {}
  const file = request === undefined ? undefined : (await services.load(requestFile, request)).state
  return {
    previous,
    rivals: (await renewalsOf(services.db, previous)).map((rival) => rival.request),
    issuer: services.authority.ca.id,
    inReferential: await inReferential(api, file),
  }
}

type Body = Pick<RequestRenewal['data'], 'cguVersion' | 'directoryAgreed' | 'changes'> &
  Readonly<{ alone?: Readonly<{ certificate: string; challenge: string; signature: string }> }>

const renew = async (api: Api, previous: string, { alone, ...body }: Body, act: Act) => {
  const { services } = api
  const decider = requestRenewal(services.policy)
  // A renewal that cannot be seen yet would not stand in the way.
  await caughtUp(services)
  const replayed = (await services.load(requestFile, act.id)).revision >= 0
  if (!replayed) act.expectSeen((await services.load(certificate, previous)).revision)
  const about = { person: act.actor.person, previous }
  // A challenge answers once: what has been carried out before is not asked for it again.
  const signedIn = alone === undefined || replayed ? undefined : await services.renewal.signIn(about, alone)
  const outcome = await act.goOn(decider, {
    ...body,
    ...(await known(api, previous)),
    request: act.id,
    ...(signedIn === undefined ? {} : { alone: signedIn }),
  })
  // Where the read models are late the job does it, within the minute.
  const settled = (await services.reads.caughtUp(waitMs))
    ? await services.renewal.settle(act.id, previous)
    : 'open'
  if (settled === 'duplicate')
    return act.refuse(
      { code: 'RENEWAL_ALREADY_OPEN', clause: 'CGU-55', detail: 'previous' },
      { command: decider.type, stream: outcome.stream },
    )
  const { revision } = await services.load(requestFile, act.id)
  return { ...accepted(act.id, { ...outcome, revision }), status: settled }
}

export const renewalRoutes = (api: Api): void => {
  const { services } = api
  const { policy, load } = services
  const decider = requestRenewal(policy)
  const renewal = {
    url: '/certificates/:serial/renewal',
    summary: 'Ask for the renewal of the certificate, by its holder',
    tag: 'renewals',
    params: bySerial,
  } as const

  actRoute(api, {
    ...renewal,
    description:
      'With `alone` the holder needs nobody: the request is validated at once. Otherwise the RA verifies and validates it.',
    clauses: ['CGU-20', 'CGU-54', 'CGU-55', 'CGU-56', 'CGU-57', 'CGU-58', 'CGU-59'],
    body: demandUnder(policy),
    created: true,
    command: decider.type,
    who: decider.who,
    also: ({ serial }) => `renewal ${serialFrom(serial)}`,
    extra: { status: Type.Enum(['open', 'validated']) },
    run: ({ params, body, act }) => renew(api, serialFrom(params.serial), body, act),
  })
  api.actions.list(renewal, {
    on: 'certificate',
    decider,
    data: async (serial) => ({
      ...(await known(api, serial)),
      request: services.newId(),
      cguVersion: inForce((await load(document, 'cgu')).state, services.now())?.version ?? '',
      directoryAgreed: true,
    }),
  })

  readRoute(api, {
    url: '/certificates/:serial/renewal-challenge',
    summary: 'What a holder signs with the key of his authentication certificate, to renew alone',
    description: 'It lives for five minutes, answers once, and takes the place of the one before.',
    tag: 'renewals',
    clauses: ['CGU-58'],
    params: bySerial,
    answer: Type.Object({ challenge: Type.String(), expiresAt: t }),
    read: async ({ request, params }) => {
      const previous = serialFrom(params.serial)
      const { state } = await load(certificate, previous)
      const person = 'person' in state ? state.person : undefined
      const stream = `certificate-${previous}`
      const reader = await api.readers.reader(request, { person }, { screen: 'renewalChallenge', stream })
      return services.renewal.challenge({ person: reader.person, previous })
    },
  })

  commandRoute(api, {
    url: '/requests/:id/identity-confirmation',
    summary:
      'Confirm, at a first renewal, an identity that has not changed, from the file or the referential',
    tag: 'renewals',
    clauses: ['CGU-57', 'CGU-59'],
    params: byId,
    body: confirmation,
    decider: confirmIdentity,
    trial: {
      on: 'request',
      data: (request) => ({ request, method: 'file' as const, entityTieChecked: true }),
    },
    data: ({ params, body }) => ({ request: params.id, ...body }),
  })
}
