// CGU-80 to CGU-88: the end of the authority's life, as its officers decide it. Each command is refused until the one ahead of it
// has done its work; the dry run says beforehand what each would do, and why it may not be given yet.
import { Type, type Static } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import { planCrl } from '../commands/crls.ts'
import {
  declareTermination,
  recordCaRevocation,
  resumeIssuance,
  stopIssuance,
  transferObligations,
} from '../commands/endOfLife.ts'
import { planOfEnd, type Step } from '../commands/endOfLifePlan.ts'
import { planFinalOcsp } from '../commands/ocspRecords.ts'
import { d, h } from '../domain/fields.ts'
import { obligation, obligations, stopCause, terminationKind, terminationParty } from '../domain/lists.ts'
import { addYears, dayOf } from '../domain/policy/dates.ts'
import { endOfTime } from '../domain/policy/endOfLife.ts'
import { refusals } from '../domain/refusals.ts'
import { byAuthority, issuerOf } from './authorities.ts'
import { languageOf } from './problems.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { closed, code, id, orNull, t } from './schemas.ts'

const deed = 'a3c5e8d1f0b2946877d1c0e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5'

const stop = closed({ cause: stopCause }, { examples: [{ cause: 'control' }] })
const resumption = closed({ control: Type.Optional(id) }, { examples: [{}] })
const declaration = closed(
  { kind: terminationKind, ceasesOn: d, actingParty: terminationParty, deedSha256: h },
  { examples: [{ kind: 'total', ceasesOn: '2035-12-31', actingParty: 'ca', deedSha256: deed }] },
)
const everything = { obligations: [...obligations], receiverSiren: '110020013', deedSha256: deed }
const transfer = closed(
  {
    obligations: Type.Array(obligation, { maxItems: obligations.length, uniqueItems: true }),
    receiverSiren: Type.String({ pattern: '^\\d{9}$' }),
    deedSha256: h,
  },
  { examples: [everything] },
)
const caRevocation = closed(
  { revokedAt: t, arlNumber: code, arlSha256: h },
  { examples: [{ revokedAt: '2036-01-15T10:00:00Z', arlNumber: '42', arlSha256: deed }] },
)

const moment = Type.Object({ rank: Type.Integer(), at: Type.String() })
const stepAnswer = Type.Object({
  step: Type.String(),
  clauses: Type.Array(Type.String()),
  state: Type.Enum(['done', 'underWay', 'open', 'waiting']),
  done: orNull(moment),
  would: Type.Record(Type.String(), Type.Integer(), { description: 'What it would do now, in numbers.' }),
  refused: orNull(
    Type.Object({
      code: Type.String(),
      clause: Type.String(),
      reason: Type.String(),
      detail: Type.String(),
    }),
  ),
})

/** One step, its refusal in the reader's language. */
const stepBody = ({ step, clauses, state, done, would, refused }: Step, language: 'fr' | 'en') => ({
  ...{ step, clauses: [...clauses], state, done: done ?? null, would },
  refused:
    refused === undefined
      ? null
      : {
          ...{ code: refused.code, clause: refused.clause, detail: refused.detail },
          reason: refusals[refused.code][language],
        },
})

type Numbers = Awaited<ReturnType<Api['services']['endOfLife']['glance']>>

const decisions = (api: Api): void => {
  const { policy, now } = api.services
  const about = { tag: 'authorities', params: byAuthority } as const
  const issuer = (authorityId: string) => ({ issuer: authorityId })

  commandRoute(api, {
    ...about,
    url: '/authorities/:id/issuance-stop',
    summary: 'Stop issuance; after the declaration of the end, for good',
    clauses: ['CGU-80'],
    body: stop,
    decider: stopIssuance,
    trial: { on: 'authority', data: (one) => ({ issuer: one, cause: 'control' as const }) },
    data: ({ params, body }) => ({ issuer: issuerOf(api, params.id), ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/authorities/:id/issuance-resumption',
    summary: 'Resume issuance; never once the end has been declared',
    clauses: ['CGU-80'],
    body: resumption,
    decider: resumeIssuance,
    trial: { on: 'authority', data: issuer },
    data: ({ params, body }) => ({ issuer: issuerOf(api, params.id), ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/authorities/:id/termination',
    summary: 'Declare the total cessation, with its deed, for a day the notice period ahead',
    description: 'Final. On that day, once issuance is stopped, whatever is still valid is revoked.',
    clauses: ['CGU-80', 'CGU-81', 'CGU-83'],
    body: declaration,
    decider: declareTermination(policy),
    trial: {
      on: 'authority',
      data: (one) => ({
        ...({ issuer: one, kind: 'total', actingParty: 'ca', deedSha256: deed } as const),
        ceasesOn: dayOf(addYears(now(), 2)),
      }),
    },
    data: ({ params, body }) => ({ issuer: issuerOf(api, params.id), ...body }),
  })
  commandRoute(api, {
    ...about,
    url: '/authorities/:id/ca-revocation',
    summary: 'Record that the root has revoked the certificate of the authority',
    clauses: ['CGU-90', 'CGU-91'],
    body: caRevocation,
    decider: recordCaRevocation,
    trial: {
      on: 'authority',
      data: (one) => ({ issuer: one, revokedAt: now(), arlNumber: '1', arlSha256: deed }),
    },
    data: ({ params, body }) => ({ issuer: issuerOf(api, params.id), ...body }),
  })
}

/** What these say is not the officer's to say: it is read where the ledger stands. */
const lastThings = (api: Api): void => {
  const { endOfLife, now } = api.services
  const about = { tag: 'authorities', params: byAuthority } as const

  const lastCrl = (issuer: string, { count, crlNumber: number, entries }: Numbers) => ({
    ...{ issuer, number, entries, count, upTo: count.upTo },
    ...{ thisUpdate: now(), nextUpdate: endOfTime, last: true, profileVersion: 1 },
  })
  const lastAnswers = (issuer: string, { count, crlNumber: number }: Numbers, digest: string) => ({
    ...{ issuer, lastCrl: number, count: count.issued, upTo: count.upTo },
    ...{ thisUpdate: now(), nextUpdate: endOfTime, signer: 'ca' as const, serialsSha256: digest },
  })
  const handedOver = (issuer: string, { crlNumber: number }: Numbers, taken: Static<typeof transfer>) => ({
    ...{ issuer, lastCrl: number },
    ...taken,
  })

  commandRoute(api, {
    ...about,
    url: '/authorities/:id/last-crl',
    summary: 'Plan the last revocation list, which has no end and is followed by none',
    clauses: ['CGU-85', 'CGU-86', 'CGU-87'],
    decider: planCrl,
    trial: { on: 'authority', data: async (issuer) => lastCrl(issuer, await endOfLife.glance()) },
    data: async ({ params }) => lastCrl(issuerOf(api, params.id), await endOfLife.observe()),
  })
  commandRoute(api, {
    ...about,
    url: '/authorities/:id/last-answers',
    summary: 'Plan the last OCSP answer of every certificate that was ever issued',
    clauses: ['CGU-86', 'CGU-88'],
    decider: planFinalOcsp,
    // The serials are gone through when the command is given, not whenever somebody looks.
    trial: { on: 'authority', data: async (issuer) => lastAnswers(issuer, await endOfLife.glance(), deed) },
    data: async ({ params }) => {
      const numbers = await endOfLife.observe()
      const digest = await endOfLife.serialsSha256(numbers.count.upTo)
      return lastAnswers(issuerOf(api, params.id), numbers, digest)
    },
  })
  commandRoute(api, {
    ...about,
    url: '/authorities/:id/obligations-transfer',
    summary: 'Record that every obligation of the closed list has been taken over',
    clauses: ['CGU-82', 'CGU-83', 'CGU-86', 'CGU-88'],
    body: transfer,
    decider: transferObligations,
    trial: {
      on: 'authority',
      data: async (issuer) => handedOver(issuer, await endOfLife.glance(), everything),
    },
    data: async ({ params, body }) => handedOver(issuerOf(api, params.id), await endOfLife.observe(), body),
  })
}

const readers = ['caOfficer', 'securityOfficer', 'supervisor', 'auditor'] as const

export const endOfLifeRoutes = (api: Api): void => {
  const { services } = api
  decisions(api)
  lastThings(api)
  readRoute(api, {
    url: '/authorities/:id/end-of-life',
    summary: 'The end of the authority as a checklist: a dry run, which changes nothing',
    description: 'Each step with its clause, how far it is, what it would do now, and why it is refused now.',
    tag: 'authorities',
    clauses: ['CGU-80', 'CGU-81', 'CGU-82', 'CGU-84', 'CGU-85', 'CGU-86', 'CGU-88', 'CGU-90', 'CGU-91'],
    params: byAuthority,
    answer: Type.Object({ id: Type.String(), at: t, size: Type.Integer(), steps: Type.Array(stepAnswer) }),
    read: async ({ request, params }) => {
      await api.who.actor(request, readers, { command: 'endOfLife', stream: `authority-${params.id}` })
      const issuer = issuerOf(api, params.id)
      const observed = await services.endOfLife.observe()
      const at = services.now()
      const fold = foldOf(services)
      const steps = await planOfEnd({ issuer, at, observed, policy: services.policy, fold })
      const language = languageOf(request.headers['accept-language'])
      return { id: issuer, at, size: observed.count.upTo, steps: steps.map((one) => stepBody(one, language)) }
    },
  })
}
